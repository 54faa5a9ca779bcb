"""The errors of tasks."""

from kumoi.kernel.errors import NotFound


class TaskNotFound(NotFound):
    def __init__(self, task_id: str) -> None:
        super().__init__(f"Task not found for task_id {task_id[:255]}")
