"""The cluster of a run. If it does not answer, the run ends with one line before any work."""

import logging

from stepscale.engine.cluster import Cluster, check_cluster
from stepscale.engine.tasks import use_cluster

logger = logging.getLogger(__name__)


def join_cluster(cluster: Cluster | None) -> None:
    """Have the run's pieces of work run on the cluster, if there is one.

    Args:
        cluster: Which cluster, and how; None: the work stays here.

    Raises:
        InputError: It does not answer.
    """
    if cluster is not None:
        slots = check_cluster(cluster)
        logger.info("%s at %s works on %d tasks at once", cluster.kind, cluster.address, slots)
    use_cluster(cluster)
