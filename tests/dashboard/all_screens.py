"""All panels of all pages, over snapshots that hold everything and snapshots that hold nothing."""

import sample_city as city

from dashboard.pages import PAGES

BARE = {
    "indicators": {},
    "children": (),
    "alerts": (),
    "events": (),
    "cases": (),
    "sensors": (),
    "feeds": {},
    "demo": None,
    "funnel": city.Funnel(
        stages={}, open=0, due_soon=0, overdue=0, closed_today=0, received_today=0, by_category={}
    ),
    "trend": city.Trend(
        title=city.TREND.title,
        unit=city.TREND.unit,
        hours=city.TREND.hours,
        today=(None,) * 24,
        yesterday=(None,) * 24,
        now_hour=14.5,
    ),
}

SHOWN = {
    "wall": (city.area(), city.area(**BARE)),
    "area": (city.area(), city.district(), city.district(**BARE)),
    "sources": (city.sources(), city.sources(feeds={}, rejects=())),
    "record": (city.record(), city.record(lng=None, lat=None, history=(), topic="", partition=-1)),
}


def screens(lang):
    """Give all panels of all pages, over full and bare snapshots: page, panel, tree."""
    view = city.view(lang)
    for page in PAGES:
        for snapshot in SHOWN[page.name]:
            for name, panel in page.panels.items():
                yield page.name, name, panel(snapshot, city.say(lang), view)
