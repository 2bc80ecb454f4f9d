"""A city of two districts that plays the streams of the big one, a tenth as busy."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import msgspec
import shapely
import yaml

from ingest.demo.play import Player
from ingest.mapping import load_feeds
from layers.pack import CITIES

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""A Tuesday, 17:00 in Beijing."""

SHAPES = {
    "110101": shapely.box(116.0, 39.0, 117.0, 40.0),
    "110105": shapely.box(117.0, 39.0, 118.0, 40.0),
    "110101001": shapely.box(116.0, 39.0, 116.5, 40.0),
    "110101002": shapely.Polygon([(116.5, 39), (117, 39), (117, 40), (116.5, 40), (116.8, 39.5)]),
    "110105001": shapely.box(117.0, 39.0, 118.0, 40.0),
    "110101001001": shapely.box(116.0, 39.0, 116.5, 40.0),
    "110101001001001": shapely.box(116.0, 39.0, 116.2, 40.0),
}
POPULATION = {"110101": 900_000, "110105": 100_000}


def write_pack(folder):
    """Write city.yaml, boundaries and samples."""
    (folder / "boundaries").mkdir()
    levels = []
    for digits in (6, 9, 12, 15):
        features = [
            {
                "type": "Feature",
                "properties": {"code": c, "name": f"区{c}", "population": POPULATION.get(c)},
                "geometry": json.loads(shapely.to_geojson(shape)),
            }
            for c, shape in SHAPES.items()
            if len(c) == digits
        ]
        file = f"boundaries/{digits}.geojson"
        whole = {"type": "FeatureCollection", "features": features}
        (folder / file).write_text(json.dumps(whole))
        levels.append({"digits": digits, "file": file, "title": {"zh": "级", "en": "level"}})
    city = {"id": "small", "name": {"zh": "小", "en": "small"}, "code": "11", "levels": levels}
    city |= {"timezone": "Asia/Shanghai", "center": [117, 39.5], "zoom": 8}
    city |= {"map_indicator": "x", "wall": ["x"]}
    (folder / "city.yaml").write_text(yaml.safe_dump(city))
    shutil.copytree(CITIES / "beijing" / "samples", folder / "samples")


def feeds_of(**changes):
    """Give Beijing's feeds, a tenth as busy; `only` some of them."""
    found = load_feeds(CITIES / "beijing" / "feeds")
    only = changes.pop("only", tuple(found))
    for name, feed in found.items():
        if "per_day" in feed.play:
            play = feed.play | {"per_day": feed.play["per_day"] / 10} | changes
            found[name] = msgspec.structs.replace(feed, play=play)
    return {name: found[name] for name in only}


def player(pack, now=NOW, speed=1.0, seed=1987, **changes):
    return Player(pack, feeds_of(**changes), now, speed=speed, seed=seed)


class Hand:
    """A clock that moves when somebody sleeps, by `step_s` or as long as the sleep."""

    def __init__(self, step_s=None):
        self.now = NOW
        self._step_s = step_s

    def sleep(self, seconds):
        self.now += timedelta(seconds=self._step_s or seconds)
