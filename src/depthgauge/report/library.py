"""Vega, Vega-Lite and vega-embed as one script, so that a page needs no network."""

from functools import cache

import vl_convert


@cache
def drawing_library() -> str:
    """Return a script that sets window.vegaEmbed; bundling it takes a second."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def plots_page() -> str:
    """Return the template with which `dvc plots show` makes a page that needs no network.

    DVC fills in {plot_divs}; its own template loads the library from another host.
    """
    script = drawing_library().replace("</script", r"<\/script")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">{refresh_tag}'
        f"<title>depthgauge: dvc plots</title><script>{script}</script></head>\n"
        "<body>{plot_divs}</body></html>\n"
    )
