"""Types into a real shell in a pseudo-terminal and draws what the terminal showed, as SVG.

usage: terminal_svg.py SCRIPT COLUMNS >PICTURE

Each line of SCRIPT is EXPECTED<TAB>TYPED: once the terminal's last line is EXPECTED, TYPED and a
newline are typed. A line without a tab is what the terminal must show last, and ends the session.
"""

import html
import os
import pty
import select
import struct
import sys
import termios
import time
from fcntl import ioctl

PATIENCE = 60  # seconds for the next prompt
CHARACTER = 8.43  # width in pixels, at 14 pixels
LINE = 20
MARGIN = 20
BAR = 36


def converse(steps, columns):
    """What the terminal was sent, from the first prompt to the last."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["PS1"] = "$ "
        os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 100, columns, 0, 0))
    shown = ""
    for expected, typed in steps:
        deadline = time.monotonic() + PATIENCE
        while shown.rpartition("\n")[2] != expected:
            if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
                sys.exit(f"terminal_svg: no {expected!r} came after:\n{shown}")
            shown += os.read(terminal, 65536).decode().replace("\r\n", "\n")
        if typed is not None:
            # The program first says what it asks, then switches off the echo of a password.
            time.sleep(0.3)
            os.write(terminal, (typed + "\n").encode())
            shown += "\0"  # Not the prompt that was answered.
    os.close(terminal)
    os.waitpid(child, 0)
    return shown.replace("\0", "")


def drawn(text, columns):
    """The lines as a terminal of so many columns shows them, each with its pieces' styles."""
    for line in text.expandtabs().split("\n"):
        if any(not character.isprintable() for character in line):
            sys.exit(f"terminal_svg: cannot draw {line!r}")
        style = "out"
        if line.startswith("$ "):
            style = "note" if line.startswith("$ #") else "in"
        for start in range(0, max(len(line), 1), columns):
            piece = line[start : start + columns]
            if start == 0 and style != "out":
                yield [("prompt", piece[:2]), (style, piece[2:])]
            else:
                yield [(style, piece)]


def svg(lines, columns):
    width = round(columns * CHARACTER + 2 * MARGIN)
    height = BAR + len(lines) * LINE + MARGIN
    yield f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img" aria-label="A terminal session with meti-token">
<style>
text {{ font: 14px "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #c9d1d9; white-space: pre }}
.prompt {{ fill: #7ee787 }}
.in {{ fill: #ffffff; font-weight: bold }}
.note {{ fill: #8b949e }}
</style>
<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="9" fill="#161b22" stroke="#6e7681"/>
<circle cx="22" cy="19" r="6" fill="#ff5f57"/><circle cx="42" cy="19" r="6" fill="#febc2e"/>\
<circle cx="62" cy="19" r="6" fill="#28c840"/>"""
    for number, pieces in enumerate(lines):
        column = 0
        for style, text in pieces:
            if text.strip():
                x = MARGIN + column * CHARACTER
                y = BAR + (number + 0.75) * LINE
                # The length keeps the columns straight where the font is another.
                yield (
                    f'<text class="{style}" x="{x:.1f}" y="{y:g}" xml:space="preserve" '
                    f'textLength="{len(text) * CHARACTER:.1f}" lengthAdjust="spacingAndGlyphs">'
                    f"{html.escape(text)}</text>"
                )
            column += len(text)
    yield "</svg>"


def main():
    script, columns = sys.argv[1], int(sys.argv[2])
    with open(script, encoding="utf-8") as file:
        steps = [(line.split("\t") + [None])[:2] for line in file.read().split("\n") if line]
    shown = converse(steps, columns)
    # The last prompt is empty.
    print("\n".join(svg(list(drawn(shown.rpartition("\n")[0], columns)), columns)))


main()
