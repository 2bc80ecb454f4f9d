"""Look into component trees without a browser."""

from dash.development.base_component import Component

SPOKEN = ("title", "aria-label", "data-label")
"""Properties that people read or hear, besides children."""


def walk(tree):
    """Give all components of a tree, outermost first."""
    if isinstance(tree, (list, tuple)):
        for part in tree:
            yield from walk(part)
    elif isinstance(tree, Component):
        yield tree
        for name in ("children", "tree"):
            yield from walk(getattr(tree, name, None))


def classes(component):
    """Give the class names of one component."""
    return (getattr(component, "className", None) or "").split()


def having(tree, name):
    """Give the components with a class name."""
    return [part for part in walk(tree) if name in classes(part)]


def only(tree, name):
    """Give the one component with a class name."""
    found = having(tree, name)
    assert len(found) == 1, f"{len(found)} of {name}"
    return found[0]


def text(tree):
    """Give what a reader reads, part after part."""
    if tree is None:
        return ""
    if isinstance(tree, (list, tuple)):
        return " ".join(filter(None, map(text, tree)))
    if isinstance(tree, Component):
        return text(getattr(tree, "children", None))
    return str(tree)


def heard(tree):
    """Give tooltips and spoken labels."""
    props = (part.to_plotly_json()["props"] for part in walk(tree))
    return [str(prop[name]) for prop in props for name in SPOKEN if prop.get(name)]


def hrefs(tree):
    """Give all addresses: links, and those that the map carries."""
    found = [part.href for part in walk(tree) if getattr(part, "href", None)]
    for part in (one for one in walk(tree) if one._type == "CityMap"):
        found += [point["href"] for point in part.points]
        found += [getattr(part, n) for n in ("geo", "hrefTemplate") if getattr(part, n, None)]
    return found
