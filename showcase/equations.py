"""Sets the equations of a page: TeX between dollar signs becomes MathML, which browsers draw.

The pages have `$...$` in a line and `$$...$$` as a paragraph, as GitHub reads them. MathML needs no
script and no font, so that a page shows its equations from a folder, too.
"""

import re

from latex2mathml.converter import convert

CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
"""What is quoted stays as it is: a shell's $VARIABLE is no equation."""

DISPLAYED = re.compile(r"^\$\$\n?(.+?)\n?\$\$$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<![\\$\w])\$([^$\n]+)\$(?![$\w])")


def typeset(text: str) -> str:
    """Return a page of Markdown with its equations as MathML."""
    parts = CODE.split(text)
    return "".join(part if index % 2 else _typeset(part) for index, part in enumerate(parts))


def _typeset(text: str) -> str:
    text = DISPLAYED.sub(
        lambda found: f'<div class="equation">{convert(found[1], display="block")}</div>', text
    )
    text = INLINE.sub(lambda found: convert(found[1]), text)
    return text.replace("\n<math", " <math")  # a tag that begins a line would end the paragraph
