"""`expand[]`: ids become objects, and what Stripe shows only on request is added.

Enters: objects of one kind as served, and the paths asked for. Leaves: the same objects with
those places filled, found by id a level at a time, never one query an object.
"""

from typing import Any

import orjson

from sandbox import paths
from sandbox.builders import deleted
from sandbox.errors import StripeError
from sandbox.kinds import NOTHING, Kind
from sandbox.shapes import Json
from sandbox.storage.reading import Reader, Window
from sandbox.storage.rows import NESTED_LIMIT, bare

MOST_LEVELS = 4
Tree = dict[str, Any]  # path segment -> tree


def tree(wanted: list[str], *, listed: bool) -> Tree:
    """The paths as one tree; those of a list start with `data`, which counts as a level."""
    root: Tree = {}
    for path in wanted:
        segments = path.split(".")
        if len(segments) > MOST_LEVELS:
            raise StripeError(
                f"You cannot expand more than {MOST_LEVELS} levels of a property"
                f" (property: {path}).",
                param="expand",
            )
        if listed and (segments[0] != "data" or len(segments) == 1):
            raise _refused(path)
        place = root
        for segment in segments[1:] if listed else segments:
            place = place.setdefault(segment, {})
    return root


def expand(
    store: Reader, kind: str, objects: list[Json], wanted: Tree, *, listed: bool = True
) -> None:
    """Fill the wanted places of the objects; a place that is not expandable is refused, even if
    there is no object."""
    _Expansion(store).fill(store.kinds[kind], objects, wanted, "", "data." if listed else "")


class _Expansion:
    def __init__(self, store: Reader) -> None:
        self.store = store

    def fill(self, kind: Kind, objects: list[Json], wanted: Tree, start: str, asked: str) -> None:
        """`start` is the path inside the kind so far, `asked` the path as the caller wrote it."""
        for segment, below in wanted.items():
            path, trail = f"{start}{segment}", f"{asked}{segment}"
            if path in kind.refs:
                self._reference(kind.refs[path], objects, path, below, f"{trail}.")
            elif path in kind.embeds:
                inside = [holder[key] for obj in objects for holder, key in paths.slots(obj, path)]
                self.fill(self.store.kinds[kind.embeds[path]], inside, below, "", f"{trail}.")
            elif path in kind.on_request and (not below or path in kind.on_request_of_each):
                self._extra(kind, objects, path)
                self._of_each(kind, objects, path, below)
            elif path in kind.lists:
                self._list(kind, objects, path, below, f"{trail}.")
            elif _leads_on(kind, path) and (below or f"{path}.data" in kind.embeds):
                self.fill(kind, objects, below, f"{path}.", f"{trail}.")
            else:
                raise _refused(trail)

    def _reference(
        self, target: str, objects: list[Json], path: str, below: Tree, asked: str
    ) -> None:
        if target == NOTHING:
            return
        places = [place for obj in objects for place in paths.slots(obj, path)]
        ids = [holder[key] for holder, key in places if isinstance(holder[key], str)]
        found = self._found(self.store.kinds[target], ids, below, asked)
        for holder, key in places:
            holder[key] = found.get(holder[key], holder[key])

    def _found(self, kind: Kind, ids: list[str], below: Tree, asked: str) -> dict[str, Any]:
        """The objects by id; as text where nothing inside them is wanted."""
        texts = self.store.texts(kind.name, ids)
        for identity in set(ids) - texts.keys():
            gone = self.store.deleted(kind.name, identity)
            if gone:
                shown = bare(gone) if kind.expands_to == "last" else deleted(gone)
                texts[identity] = orjson.dumps(shown)
        if not below:
            self.fill(kind, [], below, "", asked)
            return {identity: orjson.Fragment(text) for identity, text in texts.items()}
        objects = {identity: orjson.loads(text) for identity, text in texts.items()}
        self.fill(kind, list(objects.values()), below, "", asked)
        return objects

    def _extra(self, kind: Kind, objects: list[Json], name: str) -> None:
        """Null where Stripe has nothing to show, as Stripe does."""
        extras = self.store.extras(kind.name, [obj["id"] for obj in objects])
        for obj in objects:
            known = extras.get(obj["id"]) or self.store.deleted(kind.name, obj["id"]) or {}
            obj[name] = known.get(name)

    def _of_each(self, kind: Kind, objects: list[Json], name: str, below: Tree) -> None:
        """What a currency's option shows under the currency's own name alone:
        `currency_options.tiers` is taken and shows nothing, as Stripe does."""
        hidden = kind.on_request_of_each.get(name)
        for obj in objects if hidden else ():
            obj[name] = obj[name] and {
                key: {k: v for k, v in one.items() if k != hidden or hidden in below.get(key, ())}
                for key, one in obj[name].items()
            }

    def _list(self, kind: Kind, objects: list[Json], name: str, below: Tree, asked: str) -> None:
        """A customer's lists; one query a customer, since each is cut at ten."""
        element = self.store.kinds[kind.lists[name]]
        shown = " AND ".join(f.default for f in element.filters if f.default) or "1"
        inside: list[Json] = []
        for obj in objects:
            window = Window(NESTED_LIMIT, [f"{kind.name} = ?", shown], [obj["id"]])
            page = self.store.page(element.name, window)
            data = [orjson.loads(text) for text in page.texts]
            url = f"/v1/{kind.table}/{obj['id']}/{name}"
            obj[name] = {"object": "list", "data": data, "has_more": page.has_more, "url": url}
            inside += data
        if below:
            self.fill(element, inside, below.get("data", below), "", f"{asked}data.")


def _leads_on(kind: Kind, path: str) -> bool:
    return any(known.startswith(f"{path}.") for known in (*kind.refs, *kind.embeds))


def _refused(path: str) -> StripeError:
    return StripeError(f"This property cannot be expanded ({path}).", param="expand")
