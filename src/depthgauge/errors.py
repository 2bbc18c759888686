"""Mistakes a person can mend: one sentence each, saying what, where and what to do."""


class DepthgaugeError(Exception):
    """A foreseeable failure; its text is shown to the user without a traceback."""

    exit_code = 1


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
