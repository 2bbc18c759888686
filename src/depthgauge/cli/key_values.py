"""KEY=VALUE words of the command line, for stages that need no composed configuration."""

from depthgauge.errors import ConfigError


def parse(words: list[str], keys: tuple[str, ...]) -> dict[str, str]:
    """Return the values by key; raises ConfigError for a word that is none of `keys`."""
    values: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not value or key not in keys:
            raise ConfigError(
                f"{word} will not do: give {', '.join(f'{known}=VALUE' for known in keys)}"
            )
        if key in values:
            raise ConfigError(f"{key} is given twice; give it once, as in {key}=A,B for several")
        values[key] = value
    return values
