"""SQL texts made short enough for a chart's legend."""

from __future__ import annotations

import re

COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
CLAUSE_END = re.compile(
    r"\b(?:where|join|left|right|inner|outer|cross|full|natural|order|group|having|limit|offset|union|intersect"
    r"|except|for|returning|window|fetch)\b|[()]",
    re.IGNORECASE,
)
CTE = re.compile(r'("[^"]+"|\w+)\s*(?:\([^)]*\)\s*)?as\s+(?:(?:not\s+)?materialized\s+)?\(', re.IGNORECASE)
CHANGE = re.compile(r"(insert\s+into|update|delete\s+from)\s+(?:only\s+)?([^\s(]+)", re.IGNORECASE)
TABLE = re.compile(r'(?:only\s+)?([\w."$]+)', re.IGNORECASE)


def cut(text: str, length: int) -> str:
    """Put white space in order and cut to a number of characters, with an ellipsis if there is room for one."""
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    return text[: length - 3] + "..." if length > 3 else text[:length]


def summarise(query: str, length: int) -> str:
    """Say in at most `length` characters what a statement does: its kind and its tables.

    A statement that fits is returned whole, without comments.
    """
    plain = " ".join(COMMENT.sub(" ", query).split())
    if len(plain) <= length:
        return plain
    kind = plain[:7].lower()
    if kind.startswith(("select", "with ")):
        return cut(_select(plain), length)
    change = CHANGE.match(plain)
    if change:
        return cut(f"{' '.join(change[1].lower().split())} {change[2]} ...", length)
    return cut(plain, length)


def _select(plain: str) -> str:
    """The skeleton of a SELECT: names of its CTEs, tables of its outermost FROM."""
    names, main = _split_ctes(plain)
    tables = _tables(main)
    head = f"with {', '.join(names)} " if names else ""
    if tables:
        return f"{head}select ... from {', '.join(tables)}"  # noqa: S608 - shown, never run
    return f"{head}select ..." if names else plain


def _split_ctes(plain: str) -> tuple[list[str], str]:
    """Names of the outermost CTEs, and the statement after them."""
    if not plain.lower().startswith("with "):
        return [], plain
    names: list[str] = []
    depth, position = 0, len("with ")
    while position < len(plain):
        if depth == 0:
            found = CTE.match(plain, position)
            if found:
                names.append(found[1])
                position, depth = found.end(), 1
                continue
            if plain[position : position + 6].lower() == "select":
                return names, plain[position:]
        depth += {"(": 1, ")": -1}.get(plain[position], 0)
        position += 1
    return names, ""


def _tables(statement: str) -> list[str]:
    """Tables of the first FROM that is not inside parentheses, as far as a comma list goes."""
    depth = 0
    for found in re.finditer(r"[()]|\bfrom\s+", statement, re.IGNORECASE):
        if found[0] in "()":
            depth += 1 if found[0] == "(" else -1
        elif depth == 0:
            rest = statement[found.end() :]
            end = CLAUSE_END.search(rest)
            parts = (rest[: end.start()] if end else rest).split(",")
            return [name[1] for part in parts if (name := TABLE.match(part.strip()))]
    return []
