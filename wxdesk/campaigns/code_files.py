"""Files of prize codes: one code a line, or a table with a prize beside each. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wxdesk.plumbing.csv_files import BOM, DELIMITERS, plain
from wxdesk.plumbing.errors import InvalidInputError
from wxdesk.words import say

LARGEST_FILE = 64_000_000
MOST_CODES = 1_000_000
LONGEST_CODE = 100
LONGEST_PRIZE = 80
MOST_SHOWN = 20
# Printable ASCII without what JSON would write differently (plumbing/gates.py puts codes into it).
CODE = re.compile(r"(?! )[ !#-\[\]-~]+(?<! )")
HEADINGS = frozenset(
    {"code", "codes", "码", "兑换码", "券码", "奖品码", "优惠码", "卡号", "激活码"}
)


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with one line; numbers as an editor shows them."""

    number: int
    sentence: str


@dataclass(frozen=True, slots=True)
class CodeFile:
    """Code to the number of its line, in order; prizes only where a line names one.

    `problems` are the first 20 of `problem_count`.
    """

    codes: Mapping[str, int]
    prizes: Mapping[str, str]
    problems: tuple[LineProblem, ...]
    problem_count: int


def read_codes(data: bytes) -> CodeFile:
    """The codes of a file; InvalidInputError("codes") when it can't be read at all.

    UTF-8, UTF-16 with its mark, GB18030; columns: code, prize. A heading is passed over, and so
    are empty lines.
    """
    text = _decoded(data)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    found = _Found()
    try:
        for row in (reader := csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)):
            found.add(reader.line_num, [plain(cell).strip() for cell in row])
    except csv.Error as error:
        reason = str(error)
        raise _problem(say("this is not a CSV file: %(reason)s", reason=reason)) from error
    if not found.codes and not found.count:
        raise _problem(say("the file has no codes"))
    return CodeFile(found.codes, found.prizes, tuple(found.problems), found.count)


def code_problem(code: str) -> str | None:
    """A sentence when this can't be a code."""
    if not code:
        return say("the line has no code")
    if len(code) > LONGEST_CODE:
        return say("a code has at most %(most)d characters", most=LONGEST_CODE)
    if not CODE.fullmatch(code):
        return say('a code has letters, digits and signs of ASCII only, and neither " nor \\')
    return None


class _Found:
    """What the lines that were read so far hold."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.prizes: dict[str, str] = {}
        self.problems: list[LineProblem] = []
        self.count = 0
        self._is_first = True

    def add(self, number: int, cells: list[str]) -> None:
        if not any(cells):
            return
        code, prize = cells[0], cells[1] if len(cells) > 1 else ""
        is_first, self._is_first = self._is_first, False
        if is_first and code.casefold() in HEADINGS:
            return
        if problem := self._problem(code, prize):
            self.count += 1
            if len(self.problems) < MOST_SHOWN:
                self.problems.append(LineProblem(number, problem))
            return
        if len(self.codes) >= MOST_CODES:
            raise _problem(say("a file has at most %(most)d codes", most=MOST_CODES))
        self.codes[code] = number
        if prize:
            self.prizes[code] = prize

    def _problem(self, code: str, prize: str) -> str | None:
        if code in self.codes:
            return say("the same code is in line %(line)d already", line=self.codes[code])
        if len(prize) > LONGEST_PRIZE:
            return say("a prize has at most %(most)d characters", most=LONGEST_PRIZE)
        return code_problem(code)


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST_FILE:
        raise _problem(say("a file has at most %(most)d MB", most=LARGEST_FILE // 1_000_000))
    has_mark = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if has_mark else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding).removeprefix(BOM)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _problem(say("this is no text in UTF-8, UTF-16 or GB18030: save it as CSV or text"))


def _problem(sentence: str) -> InvalidInputError:
    return InvalidInputError("codes", sentence)
