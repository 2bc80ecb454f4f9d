"""What a snapshot is about: a region at a moment, and the homes in which its parts lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from layers.amounts import Part
from layers.feed_spec import FeedSpec
from layers.geography import Region
from layers.indicators import Indicator
from layers.labels import Label
from layers.moment import Moment
from layers.pack import CityPack
from layers.snapshot import RegionRef
from layers.store import keys

UNASSIGNED = RegionRef(
    code=keys.UNASSIGNED, name=Label("未定位", "Unassigned"), level=len(keys.UNASSIGNED)
)
"""Where records without a place are shown."""


@dataclass(frozen=True)
class Catalogue:
    """What does not change while the process lives: pack, feeds, indicators."""

    pack: CityPack
    feeds: Mapping[str, FeedSpec]
    indicators: Mapping[str, Indicator]
    """In the order in which they are shown: the wall's first."""
    _regions: dict[str, RegionRef] = field(default_factory=dict, compare=False)
    _children: dict[str, tuple[Region, ...]] = field(default_factory=dict, compare=False)

    @cached_property
    def homes(self) -> tuple[str, ...]:
        """Every home: 未定位, the districts, the city's own."""
        return (keys.UNASSIGNED, *self.pack.geography.districts, self.pack.code)

    def feeds_of(self, *kinds: str) -> tuple[FeedSpec, ...]:
        """Give the feeds of some kinds."""
        return tuple(feed for feed in self.feeds.values() if feed.kind in kinds)

    def region(self, code: str) -> RegionRef:
        """Give the region of a code; a code that is not known gives the deepest known above it."""
        if code not in self._regions:
            chain = self.pack.geography.chain(code)
            self._regions[code] = region_ref(chain[-1]) if chain else UNASSIGNED
        return self._regions[code]

    def children(self, code: str) -> tuple[Region, ...]:
        """Give the regions one level below a code."""
        if code not in self._children:
            self._children[code] = self.pack.geography.children(code)
        return self._children[code]

    def chain(self, code: str) -> tuple[RegionRef, ...]:
        """Give the regions from the city down to a code; 未定位 lies right below the city."""
        if code == keys.UNASSIGNED:
            return (self.region(self.pack.code), UNASSIGNED)
        return tuple(region_ref(region) for region in self.pack.geography.chain(code))

    def home_of(self, code: str) -> str:
        """Give the home of a deepest region."""
        home = code[:6]
        return home if home in self.pack.geography.districts else keys.UNASSIGNED


@dataclass(frozen=True)
class Scope:
    """One region at one moment."""

    city: Catalogue
    code: str
    moment: Moment

    @cached_property
    def is_city(self) -> bool:
        """True for the whole city."""
        return self.code == self.city.pack.code

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts whose amounts add up to those of the region, 未定位 included in the city."""
        if self.is_city:
            return tuple((home, home) for home in self.city.homes[:-1])
        return ((self.code[:6], self.code),)

    @cached_property
    def homes(self) -> tuple[str, ...]:
        """The homes of the parts."""
        return tuple(home for home, _ in self.parts)

    @cached_property
    def children(self) -> tuple[Region, ...]:
        """The regions one level below."""
        return self.city.children(self.code)

    @cached_property
    def child_level(self) -> int:
        """Digits of the children, 0 when there are none."""
        return self.children[0].level if self.children else 0

    @cached_property
    def child_parts(self) -> tuple[Part, ...]:
        """The part of each child."""
        return tuple((child.code[:6], child.code) for child in self.children)

    def holds(self, region: str) -> bool:
        """Say whether a deepest region lies in this one."""
        return self.is_city or region.startswith(self.code)


def region_ref(region: Region) -> RegionRef:
    """Give a region as it is shown."""
    return RegionRef(
        code=region.code,
        name=region.name,
        level=region.level,
        generated=region.generated,
        population=region.population,
    )


def record_href(kind: str, district: str, identity: str) -> str:
    """Give the address of the page of a record."""
    return f"/record/{kind}/{district}/{quote(identity, safe='')}"
