"""What goes wrong for a service."""


class ServiceError(Exception):
    """The service itself is not as it must be: its author has to change it."""


class ResourceError(Exception):
    """A resource refused: its command and its reason."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"{command}: {reason}")
        self.command = command
        self.reason = reason


class StepLimitError(BaseException):
    """The step used more than it may. No `except Exception` catches it: the step is over."""
