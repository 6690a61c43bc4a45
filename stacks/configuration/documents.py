"""YAML files as trees of nodes, so that what a preview need not change keeps its text: ``0042`` stays ``0042``.

The programs that read these files use ports of the parser that is used here, with newer rules of what a plain word
means. So no scalar is turned into a number, a date or a truth value: it is text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from stacks.configuration.faults import Fault, UnusableError

DEEPEST = 64
"""Mappings and lists that may be inside each other."""
MOST_NODES = 200_000
"""Nodes that a file may have, each alias counted as what it stands for."""

_TEXT, _MAP, _NULL, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("str", "map", "null", "merge"))
_SENTENCES = {
    "missing": "is missing",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
}


@dataclass(frozen=True)
class Document:
    """What a YAML file says.

    Attributes:
        name: Path below the configuration directory.
        file: The file as the caller knows it.
        root: Its tree, without aliases and merge keys; None where it says nothing.
    """

    name: str
    file: str
    root: yaml.Node | None

    @property
    def data(self) -> Any:
        """The tree as mappings, lists, text and None."""
        return None if self.root is None else plain(self.root)

    def fault(self, reason: str, *place: str | int) -> Fault:
        """A fault at a place in the tree."""
        return Fault(self.file, reason, _line(self.root, place))

    def shape_faults(self, model: type[BaseModel]) -> list[Fault]:
        """Where the tree is not what a model says."""
        try:
            model.model_validate(self.data)
        except ValidationError as error:
            return [self._shape_fault(one["type"], one["msg"], one["loc"]) for one in error.errors(include_input=False)]
        return []

    def _shape_fault(self, kind: str, message: str, place: Sequence[str | int]) -> Fault:
        # A key that is checked itself is the last of its place, after its value's own.
        place = tuple(part for part in place if part != "[key]")
        where = ".".join(str(part) for part in place if part != "root")
        reason = _SENTENCES.get(kind, message)
        if not place and "mapping" in reason:
            reason += f", not {type(self.data).__name__}"
        return self.fault(f"{where} {reason}." if where else f"{reason}.", *place)


def document_of(name: str, file: str, text: str, reader: str) -> Document:
    """Read a YAML file.

    Args:
        name: Path below the configuration directory.
        file: The file as the caller knows it.
        text: Its text.
        reader: The program that reads it.

    Raises:
        UnusableError: It is not YAML that the program reads as one document.
    """
    try:
        _require_bounds(text, reader)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UnusableError(
            f"not valid YAML ({error.problem or error.context}).", mark.line + 1 if mark else None
        ) from None
    except yaml.YAMLError as error:
        raise UnusableError(f"not valid YAML ({str(error).splitlines()[0]}).") from None
    return Document(name, file, None if node is None or node.tag == _NULL else _expanded(node))


def _require_bounds(text: str, reader: str) -> None:
    """Look through the file without building anything: it may be a bomb."""
    documents = total = 0
    sizes: dict[str, int | None] = {}
    open_: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise UnusableError(f"{reader} reads one document a file, and a second begins here: take it out.", line)
        elif isinstance(event, yaml.AliasEvent):
            size = sizes.get(str(event.anchor), 0)
            if size is None:
                raise UnusableError(f"*{event.anchor} refers to what it is itself a part of.", line)
            total += size
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append((event.anchor, total))
            total += 1
            if event.anchor:
                sizes[event.anchor] = None
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor:
                sizes[anchor] = total - before
        if len(open_) > DEEPEST:
            raise UnusableError(f"is nested more than {DEEPEST} deep.", line)
        if total > MOST_NODES:
            raise UnusableError(f"has more than {MOST_NODES} values, each alias counted as what it stands for.", line)


def _expanded(node: yaml.Node, depth: int = 0) -> yaml.Node:
    """A copy in which every alias and merge key has given way to what it stands for."""
    if depth > DEEPEST:
        raise UnusableError(f"is nested more than {DEEPEST} deep.", node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        parts = [_expanded(one, depth + 1) for one in node.value]
        return yaml.SequenceNode(node.tag, parts, node.start_mark, node.end_mark, node.flow_style)
    if isinstance(node, yaml.ScalarNode):
        return yaml.ScalarNode(node.tag, node.value, node.start_mark, node.end_mark, node.style)
    assert isinstance(node, yaml.MappingNode)
    own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise UnusableError("a key must be text.", line)
        if key.tag == _MERGE:
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(source, yaml.MappingNode):
                    raise UnusableError("what << merges must be a mapping.", line)
                for pair in _expanded(source, depth + 1).value:
                    merged.setdefault(pair[0].value, pair)
        elif key.value in own:
            raise UnusableError(f"has the key {key.value!r} twice.", line)
        else:
            own[key.value] = (_expanded(key, depth + 1), _expanded(value, depth + 1))
    pairs = list({**own, **{key: pair for key, pair in merged.items() if key not in own}}.values())
    return yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark, node.flow_style)


def plain(node: yaml.Node) -> Any:
    """A tree as mappings, lists, text and None."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(one) for one in node.value]
    return None if node.tag == _NULL else node.value


def child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    """What a mapping has under a key, or a list at a place; None where it has nothing there."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        found: yaml.Node = node.value[part]
        return found
    return None


def rows(root: yaml.Node | None, *keys: str) -> Iterator[yaml.MappingNode]:
    """The mappings of the list at a place below a root; none where there is no list."""
    for key in keys:
        root = child(root, key) if root is not None else None
    if isinstance(root, yaml.SequenceNode):
        yield from (row for row in root.value if isinstance(row, yaml.MappingNode))


def text_at(node: yaml.Node, *keys: str) -> str:
    """The text at a place below a node; empty where there is none."""
    found: yaml.Node | None = node
    for key in keys:
        found = child(found, key) if found is not None else None
    return found.value if isinstance(found, yaml.ScalarNode) and found.tag != _NULL else ""


def put(mapping: yaml.MappingNode, key: str, value: str | yaml.Node) -> None:
    """Set a key of a mapping, in its place where it has it already."""
    node = text(value) if isinstance(value, str) else value
    for index, (known, _) in enumerate(mapping.value):
        if known.value == key:
            mapping.value[index] = (known, node)
            return
    mapping.value.append((text(key), node))


def mapping_at(mapping: yaml.MappingNode, key: str) -> yaml.MappingNode:
    """The mapping under a key; a new one where there is none."""
    found = child(mapping, key)
    if isinstance(found, yaml.MappingNode):
        return found
    made = tree({})
    put(mapping, key, made)
    assert isinstance(made, yaml.MappingNode)
    return made


def text(value: str) -> yaml.ScalarNode:
    """A node of a text."""
    return yaml.ScalarNode(_TEXT, value)


def tree(data: Any) -> yaml.Node:
    """A tree of mappings, lists and scalars."""
    found: yaml.Node = yaml.representer.SafeRepresenter(sort_keys=False).represent_data(data)
    return found


def written(root: yaml.Node) -> str:
    """A tree as YAML; scalars have the text that they were read with."""
    return str(yaml.serialize(root, Dumper=yaml.CSafeDumper, allow_unicode=True, width=1_000_000))


def _line(root: yaml.Node | None, place: Sequence[str | int]) -> int | None:
    line = root.start_mark.line + 1 if root is not None and root.start_mark else None
    for part in place:
        root = child(root, part) if root is not None else None
        if root is None or root.start_mark is None:
            break
        line = root.start_mark.line + 1
    return line
