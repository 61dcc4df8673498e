"""The kinds of ready PRM. A ready model is one that is named and taken as it is, instead of one trained here."""

from stepscale.verifiers.generative_options import GenerativePRM
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.served_options import ServedPRM

ReadyPRM = ServedPRM | PublicVerifier | GenerativePRM
