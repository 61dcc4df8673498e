"""What happens before and after every run, one file per subject; ``project`` has the order."""

from stepscale.hooks.project import ProjectHooks

__all__ = ["ProjectHooks"]
