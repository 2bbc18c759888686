"""Mistakes that a person can correct: one sentence each, saying what, where and what to do."""


class DepthgaugeError(Exception):
    """A foreseeable failure; its text is shown to the user without a traceback."""

    exit_code = 1

    def __init__(self, sentence: str) -> None:
        """Keep the sentence on one line, whatever was given to us as a name and is quoted in it."""
        super().__init__("".join(each if each.isprintable() else " " for each in sentence))


class ConfigError(DepthgaugeError):
    """A key, value or combination that no study can run with."""

    exit_code = 2


class DataError(DepthgaugeError):
    """Data that is missing, unreachable, corrupt or of another version."""

    exit_code = 3


class ResourceError(DepthgaugeError):
    """Something the machine lacks: a GPU, space on disk, a folder that can be written."""

    exit_code = 4


class TrackingError(DepthgaugeError):
    """MLflow's store cannot be used; the records are whole, and tracking can be repeated."""

    exit_code = 5
