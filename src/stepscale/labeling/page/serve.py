"""The labeling server from what the command line says: files in, a server that listens out."""

import logging
import signal
import socket
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from stepscale.errors import InputError
from stepscale.labeling.page.asked_samples import read_known, read_samples
from stepscale.labeling.page.page_options import LOCAL_HOSTS, PageOptions
from stepscale.labeling.page.queue import Queue
from stepscale.labeling.page.store import RecordFile
from stepscale.labeling.page.tokens import tokens_for

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

    if not labelers and host not in LOCAL_HOSTS:
        raise InputError(
            f"--host {host} lets others in; name each labeler (--labeler ann --labeler bob): they get links"
        )
    samples = read_samples(files.samples, files.format)
    known_samples = read_known(files.known_labels) if files.known_labels else {}
    with closing(RecordFile(files.labels)) as file, closing(_listen(host, port)) as listening:
        queue = Queue(samples, file, options, known_samples)
        tokens = tokens_for(labelers, files.labels.with_suffix(".tokens.json")) if labelers else {}
        address = address_of(host, listening.getsockname()[1])
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
            uvicorn.Server(config).run([listening])
        print(f"{len(file.records)} labels are in {files.labels}; {queue.progress('').waiting} solutions wait")


def address_of(host: str, port: int) -> str:
    """What labelers open. A server that listens on every address of this machine is found by the machine's name.

    Args:
        host: What the server listens on.
        port: Likewise.
    """
    name = socket.gethostname() if host in _EVERY_ADDRESS else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)  # from here on a request waits, so the address may be printed
    except (OSError, OverflowError) as error:
        raise InputError(f"{host}:{port} cannot be listened on ({error}); choose another --port or --host") from None
    return listening
