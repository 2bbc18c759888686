"""Lays out the pages of docs/ with the reference, and builds the site; run by `make docs`.

The pages link to figures and to one another as a repository page needs it
(../results/figures/X.svg, docs/X.md); in the site all lie side by side. The reference has a page
for each package, from its docstrings.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from equations import typeset

ROOT = Path(__file__).parents[1]
WORK = ROOT / "site"
"""Holds pages/ (what is read), mkdocs.yml and html/ (what comes out); git ignores it."""

SOURCES = ROOT / "src" / "depthgauge"

UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"
"""Heads a page of the reference: a search finds where a word is explained, not where it is used."""


def main() -> None:
    """Write site/html; exits with the generator's code when a page or a link is wrong."""
    shutil.rmtree(WORK, ignore_errors=True)
    pages = WORK / "pages"
    pages.mkdir(parents=True)
    for path in (*sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"):
        text = path.read_text(encoding="utf-8").replace("](../results/figures/", "](figures/")
        text = typeset(text.replace("](docs/", "](").replace("](../CONTRIBUTING", "](contributing"))
        (pages / path.name.lower()).write_text(text, encoding="utf-8")
    for path in (*(ROOT / "docs").glob("*.png"), *(ROOT / "docs").glob("site.*")):
        shutil.copy(path, pages)
    shutil.copytree(ROOT / "docs" / "team", pages / "team", ignore=shutil.ignore_patterns(".*"))
    shutil.copytree(
        ROOT / "docs" / "examples", pages / "examples", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "results" / "figures", pages / "figures")
    packages = reference(pages / "reference")
    entries = "".join(f"      - {name}: reference/{name}.md\n" for name in packages)
    settings = (ROOT / "docs" / "mkdocs.yml").read_text(encoding="utf-8")
    (WORK / "mkdocs.yml").write_text(f"{settings}  - Reference:\n{entries}", encoding="utf-8")
    build = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(build, cwd=WORK, capture_output=True, text=True)
    print(done.stdout + done.stderr, end="")
    if done.returncode or not (WORK / "html" / "index.html").is_file():
        sys.exit(done.returncode or 1)
    search_from_files(WORK / "html")
    require_offline(WORK / "html")
    print(WORK / "html" / "index.html")


def reference(folder: Path) -> list[str]:
    """Write a page for each package and top-level module; return their names."""
    folder.mkdir()
    names = []
    for path in sorted(SOURCES.iterdir()):
        inside = sorted(path.glob("*.py")) if path.is_dir() else [path]
        modules = [each for each in inside if each.suffix == ".py" and each.stem[:2] != "__"]
        if not modules:
            continue
        names.append(path.stem)
        parts = (each.relative_to(SOURCES.parent).with_suffix("").parts for each in modules)
        text = "\n".join(f"::: {'.'.join(each)}\n" for each in parts)
        page = f"{UNSEARCHED}# {path.stem}\n\n{text}"
        (folder / f"{path.stem}.md").write_text(page, encoding="utf-8")
    return names


def search_from_files(site: Path) -> None:
    """Have each page load our stand-in for a Worker in place of the generator's, from a host."""
    hosted = '<script src="https://unpkg.com/iframe-worker/shim" type="text/javascript"></script>'
    script = f"<script>{(ROOT / 'docs' / 'site.js').read_text(encoding='utf-8')}</script>"
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(hosted, script), encoding="utf-8")


def require_offline(site: Path) -> None:
    """Exit with a sentence when a page loads something from elsewhere; links are no matter."""
    loads = re.compile(r'<(?:script|img|iframe|link rel="stylesheet")[^>]*"https?://[^"]*"')
    for path in site.rglob("*.html"):
        found = loads.search(path.read_text(encoding="utf-8"))
        if found:
            sys.exit(f"{path.relative_to(site)} loads something from elsewhere: {found[0]}")


if __name__ == "__main__":
    main()
