"""Label Studio over its REST interface, by httpx alone: its SDK brings opencv, nltk and some twenty more packages."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx

from stepscale.errors import InputError

CONFIG = Path(__file__).with_name("config.xml")
_BATCH = 100  # tasks in one request
_REMEDY = "take a legacy token from Account & Settings there"

T = TypeVar("T")


class StudioClient:
    """A Label Studio server.

    Args:
        url: Where it listens.
        token: A legacy API token of an account (Account & Settings, Access Token).

    Raises:
        InputError: The token or the address can be none.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        if not re.fullmatch("[!-~]+", token):  # no header could hold it
            raise InputError(f"the token for {url} is blank or holds a character that no token has; {_REMEDY}")
        headers = {"Authorization": f"Token {token}"}
        try:
            self._client = httpx.Client(base_url=url, headers=headers, timeout=120, follow_redirects=True)
        except (httpx.InvalidURL, ValueError) as error:
            raise self._no_answer("", error) from None

    def make_project(self, title: str, annotators: int = 1) -> int:
        """A new project with our configuration, tasks in the order of their import.

        Args:
            title: Of the project.
            annotators: How many people label each task.

        Returns:
            Its number.
        """
        settings = {
            "title": title,
            "label_config": CONFIG.read_text(encoding="utf-8"),
            "sampling": "Sequential sampling",
            "maximum_annotations": annotators,
            "show_collab_predictions": True,  # an empty prediction shows nothing; false would forget its score
        }
        return self._ask("POST", "/api/projects", lambda reply: int(reply["id"]), json=settings)

    def import_tasks(self, project: int, tasks: list[dict[str, Any]]) -> None:
        """Add tasks, in this order.

        Args:
            project: Number of the project.
            tasks: As Label Studio takes them.
        """
        for start in range(0, len(tasks), _BATCH):
            self._ask("POST", f"/api/projects/{project}/import", _anything, json=tasks[start : start + _BATCH])

    def export(self, project: int) -> list[dict[str, Any]]:
        """All tasks that have an annotation, with their data.

        Args:
            project: Number of the project.

        Returns:
            The tasks as Label Studio gives them.
        """
        return self._ask("GET", f"/api/projects/{project}/export", _labeled_tasks, params={"exportType": "JSON"})

    def task_ids(self, project: int) -> set[str]:
        """The ids of the samples that a project holds.

        Args:
            project: Number of the project.

        Raises:
            InputError: Label Studio does not answer, or refuses.
        """
        return set(self._task_ids(project))

    def names(self) -> dict[int, str]:
        """The users' names, by number: the e-mail address before its @."""
        return self._ask("GET", "/api/users", _names)

    def _task_ids(self, project: int) -> Iterator[str]:
        page = 1
        while True:
            params = {"project": project, "page": page, "page_size": _BATCH}
            ids, total = self._ask("GET", "/api/tasks", _ids_and_total, params=params)
            yield from ids
            if not ids or page * _BATCH >= total:
                return
            page += 1

    def _ask(self, method: str, path: str, take: Callable[[Any], T], **more: Any) -> T:
        """What ``take`` takes from the reply's JSON. Raises InputError, in one line, if it is not there."""
        try:
            reply = self._client.request(method, path, **more)
            if reply.status_code in (401, 403):
                raise InputError(f"{self._url} refuses the token; {_REMEDY}")
            if reply.is_error:
                raise InputError(
                    f"{self._url}{path} answered {reply.status_code}: {' '.join(reply.text.split())[:200]}"
                )
            return take(reply.json())
        except InputError:
            raise
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            raise self._no_answer(path, error) from None
        except (KeyError, TypeError, AttributeError, OverflowError):  # a server of another kind answers
            raise self._no_answer(path, "its reply has another shape") from None

    def _no_answer(self, path: str, reason: object) -> InputError:
        return InputError(f"{self._url}{path}: no answer of Label Studio's ({reason}); is it running there?")


def _anything(reply: Any) -> None:
    """Nothing is taken from the reply."""


def _list(reply: Any) -> list[Any]:
    """Raises TypeError if it is none: an empty object would pass as nothing labeled."""
    if not isinstance(reply, list):
        raise TypeError(f"a list is needed, not {type(reply).__name__}")
    return reply


def _labeled_tasks(reply: Any) -> list[dict[str, Any]]:
    for task in _list(reply):
        dict.get(task, "data")  # TypeError if it is no object
        for annotation in task["annotations"]:
            dict.get(annotation, "result")
    return list(reply)


def _ids_and_total(reply: Any) -> tuple[list[str], int]:
    return [str(task["data"].get("id")) for task in _list(reply["tasks"])], int(reply["total"])


def _names(reply: Any) -> dict[int, str]:
    return {user["id"]: str(user.get("username") or user["email"].partition("@")[0]) for user in _list(reply)}
