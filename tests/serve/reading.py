"""Pages as a reader sees them: their words without the markup, and their links."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(["br", "circle", "col", "hr", "img", "input", "line", "link", "meta", "path", "rect", "use"])
_APART = {
    "p",
    "div",
    "td",
    "th",
    "tr",
    "h1",
    "h2",
    "h3",
    "li",
    "span",
    "option",
    "button",
    "dt",
    "dd",
    "summary",
    "br",
    "a",
}


@dataclass(slots=True)
class Node:
    """An element with what stands in it."""

    tag: str
    attributes: dict[str, str]
    children: list["Node | str"] = field(default_factory=list)

    def text(self) -> str:
        """Return the words in it, one space between them."""
        return re.sub(r"[\s\u00a0]+", " ", "".join(self._pieces())).strip()

    def _pieces(self) -> list[str]:
        gap = " " if self.tag in _APART else ""
        inner = [piece for each in self.children for piece in ([each] if isinstance(each, str) else each._pieces())]  # noqa: SLF001  its own kind
        return [gap, *inner, gap]

    def every(self, tag: str = "", **attributes: str) -> list["Node"]:
        """Return all elements below with a tag, and a class (`class_`) or attributes."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        found = []
        for each in self.children:
            if isinstance(each, str):
                continue
            if (not tag or each.tag == tag) and all(each.has(name, value) for name, value in wanted.items()):
                found.append(each)
            found += each.every(tag, **attributes)
        return found

    def has(self, name: str, value: str) -> bool:
        """Whether an attribute has a value; a class among others counts."""
        given = self.attributes.get(name)
        return given is not None and (given == value or (name == "class" and value in given.split()))

    def one(self, tag: str = "", **attributes: str) -> "Node":
        """Return the only such element."""
        found = self.every(tag, **attributes)
        assert len(found) == 1, (tag, attributes, len(found))
        return found[0]

    def rows(self) -> list[list[str]]:
        """Return the cells of every row of the bodies of tables."""
        return [
            [cell.text() for cell in row.children if isinstance(cell, Node) and cell.tag in {"td", "th"}]
            for body in self.every("tbody")
            for row in body.every("tr")
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.stack[-1].children.append(node)
        if tag not in _VOID:
            self.stack.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.stack[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self.stack[-1].tag == tag, f"</{tag}> closes <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.stack[-1].children.append(data)


def read(html: str) -> Node:
    """Return a page as its elements; every element must be closed."""
    reader = _Reader()
    reader.feed(html)
    assert len(reader.stack) == 1, f"<{reader.stack[-1].tag}> is not closed"
    return reader.stack[0]
