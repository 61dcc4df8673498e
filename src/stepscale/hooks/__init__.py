"""What happens around every run, by subject; ``project`` says in which order."""

from stepscale.hooks.project import ProjectHooks

__all__ = ["ProjectHooks"]
