"""Reads a rule tree back from the builder's page: what submitting each of its forms, untouched, would make of it."""

from __future__ import annotations

from html.parser import HTMLParser

from twain_web.rooms.audiences.builder.leaves import changed
from twain_web.rooms.audiences.builder.tree import group

_VOID = {"input", "br", "img", "link", "meta", "hr", "rect"}


class Element:
    """One element: its attributes, its children in order, its own text."""

    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, dict(attributes), parent
        self.children, self.text = [], ""

    def walk(self):
        for child in self.children:
            yield child
            yield from child.walk()


class _Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("root", (), None)

    def handle_starttag(self, tag, attrs):
        made = Element(tag, attrs, self.here)
        self.here.children.append(made)
        if tag not in _VOID:
            self.here = made

    def handle_endtag(self, tag):
        while self.here.parent is not None and self.here.tag != tag:
            self.here = self.here.parent
        self.here = self.here.parent or self.here

    def handle_data(self, data):
        self.here.text += data


def parse(html):
    """The page as elements."""
    page = _Page()
    page.feed(html)
    return page.root


def read_tree(html, ground):
    """The rule that the page holds."""
    root = next(e for e in parse(html).walk() if e.attributes.get("id") == "node-root")
    return _node(root, ground.feed, ground)


def _node(element, feed, ground):
    if element.attributes["data-kind"] == "group":
        kinds = [posted["kind"][0] for posted in (_form(f) for f in _own(element, "form")) if "kind" in posted]
        return group(kinds[0] if kinds else "all", [_node(part, feed, ground) for part in _parts(element)])
    return _leaf(element, feed, ground)


def _leaf(element, feed, ground):
    kind, name = element.attributes["data-kind"], element.attributes["data-name"]
    posted = _form(_own(element, "form")[0])
    node = {kind: name} if kind not in ("history", "audience", "fragment") else {kind: posted[kind][0]}
    if kind == "field":
        node["op"] = posted["op"][0]
    if kind == "related":
        where = _node(_parts(element)[0], ground.feeds[feed.relations[name].feed], ground)
        node |= {"where": where} if where != {"all": []} else {}
    return changed(node, posted, feed, ground)


def _parts(element):
    """The nearest nodes inside."""
    found = []
    for child in element.children:
        found += [child] if "data-kind" in child.attributes else _parts(child)
    return found


def _own(element, tag):
    """Elements of a tag that belong to this node and to none inside it."""
    found = []
    for child in element.children:
        if child.tag == tag:
            found.append(child)
        elif "data-kind" not in child.attributes:
            found += _own(child, tag)
    return found


def _form(form):
    """What a browser would send of a form."""
    posted = {}
    for e in form.walk():
        name = e.attributes.get("name")
        if name is None or "disabled" in e.attributes:
            continue
        if e.tag == "select":
            options = [o for o in e.walk() if o.tag == "option"]
            chosen = [o for o in options if "selected" in o.attributes] or options[:1]
            posted.setdefault(name, []).extend(o.attributes["value"] for o in chosen)
        elif e.tag == "textarea":
            posted.setdefault(name, []).append(e.text.removeprefix("\n"))
        elif e.attributes.get("type") != "checkbox" or "checked" in e.attributes:
            posted.setdefault(name, []).append(e.attributes.get("value", ""))
    return posted
