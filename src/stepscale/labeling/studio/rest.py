"""Label Studio over its REST interface, by httpx alone: its SDK brings opencv, nltk and some twenty more packages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from stepscale.errors import InputError

CONFIG = Path(__file__).with_name("config.xml")
_BATCH = 100  # tasks in one request


class StudioClient:
    """A Label Studio server.

    Args:
        url: Where it listens.
        token: A legacy API token of an account (Account & Settings, Access Token).
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        headers = {"Authorization": f"Token {token}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=120, follow_redirects=True)

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
        return int(self._ask("POST", "/api/projects", json=settings)["id"])

    def import_tasks(self, project: int, tasks: list[dict[str, Any]]) -> None:
        """Add tasks, in this order.

        Args:
            project: Number of the project.
            tasks: As Label Studio takes them.
        """
        for start in range(0, len(tasks), _BATCH):
            self._ask("POST", f"/api/projects/{project}/import", json=tasks[start : start + _BATCH])

    def export(self, project: int) -> list[dict[str, Any]]:
        """All tasks that have an annotation, with their data.

        Args:
            project: Number of the project.

        Returns:
            The tasks as Label Studio gives them.
        """
        exported = self._ask("GET", f"/api/projects/{project}/export", params={"exportType": "JSON"})
        return list(exported)

    def task_ids(self, project: int) -> set[str]:
        """The ids of the samples that a project holds.

        Args:
            project: Number of the project.

        Raises:
            InputError: Label Studio does not answer, or refuses.
        """
        return {str(task["data"].get("id")) for task in self._tasks(project)}

    def names(self) -> dict[int, str]:
        """The users' names, by number: the e-mail address before its @."""
        users = self._ask("GET", "/api/users")
        return {user["id"]: user.get("username") or user["email"].partition("@")[0] for user in users}

    def _tasks(self, project: int) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            reply = self._ask("GET", "/api/tasks", params={"project": project, "page": page, "page_size": _BATCH})
            yield from reply["tasks"]
            if page * _BATCH >= reply["total"]:
                return
            page += 1

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        """The reply's JSON. Raises InputError, in one line, if there is none."""
        try:
            reply = self._client.request(method, path, **more)
            if reply.status_code in (401, 403):
                raise InputError(f"{self._url} refuses the token; take a legacy token from Account & Settings there")
            if reply.is_error:
                raise InputError(
                    f"{self._url}{path} answered {reply.status_code}: {' '.join(reply.text.split())[:200]}"
                )
            return reply.json()
        except (httpx.HTTPError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{self._url}{path}: no answer of Label Studio's ({error}); is it running there?"
            ) from None
