"""The labeling server from what the command line says: files in, a server that listens out."""

import logging
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from stepscale.errors import InputError
from stepscale.labeling.page.asked_samples import ASKED, latest_asked, read_known, read_samples
from stepscale.labeling.page.page_options import LOCAL_HOSTS, NAME_RULE, PageOptions, is_labeler
from stepscale.labeling.page.queue import Queue
from stepscale.labeling.page.store import RecordFile
from stepscale.labeling.page.tokens import tokens_for
from stepscale.listening import bound_sockets, listen
from stepscale.user_paths import is_there

logger = logging.getLogger(__name__)

_EVERY_ADDRESS = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Files:
    """The files of a labeling page.

    Attributes:
        samples: What is labeled.
        format: Of that file.
        labels: Where records go.
        known_labels: File of records whose labels are known, for screening and quality control.
    """

    samples: Path
    format: str
    labels: Path
    known_labels: Path | None = None


def serve(files: Files, options: PageOptions, labelers: Sequence[str], host: str, port: int) -> None:
    """Serve the page until the process is told to end.

    Args:
        files: What is labeled, and where labels go.
        options: How the page asks.
        labelers: Names of those who may label; none: everybody on this machine.
        host: Address to listen on.
        port: Port to listen on.

    Raises:
        InputError: A file or an option is at fault, or the address cannot be listened on.
    """
    import uvicorn

    from stepscale.labeling.page.app import create_app

    _check_labelers(labelers, host)
    with ExitStack() as stack:
        sockets = stack.enter_context(bound_sockets(host, port))  # before the samples, which may be many
        samples = read_samples(files.samples, files.format)
        known_samples = read_known(files.known_labels) if files.known_labels else {}
        _check_labels_are_apart(files)
        file = stack.enter_context(closing(RecordFile(files.labels)))
        queue = Queue(samples, file, options, known_samples)
        tokens = tokens_for(labelers, files.labels.with_suffix(".tokens.json")) if labelers else {}
        address = address_of(host, sockets[0].getsockname()[1])
        listen(sockets)
        print(f"{queue.progress('').waiting} of {len(samples)} solutions wait for labels, which go to {files.labels}")
        for line in [f"{name}: {address}#token={token}" for name, token in tokens.items()] or [address]:
            print(line, flush=True)
        config = uvicorn.Config(
            create_app(queue, tokens), log_level="warning", limit_concurrency=200, server_header=False, lifespan="off"
        )
        signal.signal(
            signal.SIGTERM, signal.default_int_handler
        )  # as Ctrl-C: the server ends, then we have a last word
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets)
        print(f"{len(file.records)} labels are in {files.labels}; {queue.progress('').waiting} solutions wait")


def _check_labelers(labelers: Sequence[str], host: str) -> None:
    """Raises InputError if one has a name that the page would not take, or if anybody could come from elsewhere."""
    if not labelers and host not in LOCAL_HOSTS:
        raise InputError(
            f"--host {host[:100]} lets others in; name each labeler (--labeler ann --labeler bob): they get links"
        )
    if refused := [name for name in labelers if not is_labeler(name)]:
        raise InputError(f"--labeler {refused[0]!r:.80}: {NAME_RULE}; choose another")


def _check_labels_are_apart(files: Files) -> None:
    """Raises InputError if labels would be added to what is labeled: its records would count as labels."""
    labels = files.labels
    labeled = latest_asked(files.samples) if files.format == ASKED else files.samples
    for path in [labeled, files.known_labels] if files.known_labels else [labeled]:
        is_same = os.path.realpath(path) == os.path.realpath(labels)  # "new/../a" too, before "new" is made
        if path.is_file() and (is_same or (is_there(labels) and path.samefile(labels))):
            raise InputError(
                f"--to {labels} is the file {path} itself, which is only read; give labels a file of their own"
            )
        folder = os.path.realpath(path)
        # a folder of Parquet tables is not searched for files of records
        if path.is_dir() and files.format != "parquet" and Path(os.path.realpath(labels)).is_relative_to(folder):
            raise InputError(f"--to {labels} lies in the folder {path}, which is read as a whole; give another place")


def address_of(host: str, port: int) -> str:
    """What labelers open. A server that listens on every address of this machine is found by the machine's name.

    Args:
        host: What the server listens on.
        port: Likewise.
    """
    name = socket.gethostname() if host in _EVERY_ADDRESS else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"
