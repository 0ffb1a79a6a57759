"""Every way into the map, the base data and the inspector's telephone, with who may use it."""

from pathlib import Path
from typing import Final

from case_bridge.places.service import MAX_FILE
from case_bridge.web import command, field, places, places_data
from case_bridge.web.places_options import MAP, SEARCH, MapOptions
from hotline.accounts.roles import Role
from hotline.web.routing import PUBLIC, MenuEntry, MenuGroup, Route, WebPart

PAGES: Final = Path(__file__).parent / "places_pages"

VIEWERS: Final = frozenset(
    {
        Role.SEAT,
        Role.SHIFT_LEADER,
        Role.DISPATCHER,
        Role.SUPERVISOR,
        Role.LEADER,
        Role.INSPECTOR,
    }
)
COMMAND: Final = frozenset({Role.SHIFT_LEADER, Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER})
STAFF: Final = frozenset({Role.SYSTEM_ADMIN})
"""Base-data staff (应用维护, 基础数据管理)."""
ROSTER: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})
INSPECTOR: Final = frozenset({Role.INSPECTOR})
REGISTER: Final = VIEWERS | STAFF | {Role.UNIT}

ROUTES: Final = (
    Route("GET", "/places/map", places.get_map, COMMAND, "places.map"),
    Route("GET", "/places/map.json", places.get_map_data, COMMAND, "places.map_data"),
    Route("GET", "/command", command.get_screen, COMMAND, "command"),
    Route("GET", "/command/live", command.get_live, COMMAND, "command.live"),
    Route("GET", "/command/rows", command.get_rows, COMMAND, "command.rows"),
    Route("GET", SEARCH, places.get_search, VIEWERS, "places.search"),
    Route("GET", "/places/locate", places.get_locate, VIEWERS, "places.locate"),
    Route("GET", "/places/grids", places_data.get_grids, STAFF, "places.grids"),
    Route("GET", "/places/grid-list", places_data.get_grid_list, STAFF, "places.grid_list"),
    Route(
        "POST",
        "/places/grids/preview",
        places_data.post_preview,
        STAFF,
        "places.preview_grids",
        max_body=MAX_FILE,
    ),
    Route(
        "POST",
        "/places/grids",
        places_data.post_grids,
        STAFF,
        "places.import_grids",
        max_body=MAX_FILE,
    ),
    Route(
        "POST",
        "/places/census/preview",
        places_data.post_census_preview,
        STAFF,
        "places.preview_census",
        max_body=MAX_FILE,
    ),
    Route(
        "POST",
        "/places/census",
        places_data.post_census,
        STAFF,
        "places.import_census",
        max_body=MAX_FILE,
    ),
    Route("GET", "/places/components", places_data.get_components, REGISTER, "places.components"),
    Route(
        "GET", "/places/components/{code}", places_data.get_component, REGISTER, "places.component"
    ),
    Route(
        "POST",
        "/places/components/{code}",
        places_data.post_component,
        STAFF | {Role.UNIT},
        "places.update_component",
    ),
    Route("GET", "/places/roster", field.get_roster, ROSTER, "places.roster"),
    Route("POST", "/places/roster/{user_id}", field.post_roster, ROSTER, "places.change_roster"),
    Route("GET", "/places/roster/{user_id}/track.json", field.get_track, ROSTER, "places.track"),
    Route("GET", "/field/worker.js", field.get_worker, PUBLIC, "field.worker"),
    Route("GET", "/field/session", field.get_session, INSPECTOR, "field.session"),
    Route("POST", "/field/track", field.post_track, INSPECTOR, "field.track"),
    Route("POST", "/field/duty", field.post_duty, INSPECTOR, "field.duty"),
)


def places_part(options: MapOptions) -> WebPart:
    """Return the map pages; `options` name the base map, if there is one."""
    return WebPart(
        "places",
        ROUTES,
        templates=PAGES / "templates",
        catalogue=PAGES / "catalogue",
        static=PAGES / "static",
        menu=(
            MenuEntry("一张图", "/places/map", COMMAND),
            MenuEntry("指挥大屏", "/command", COMMAND, home_of=frozenset({Role.LEADER})),
            MenuEntry("监督员", "/places/roster", ROSTER, MenuGroup.BASE_DATA),
            MenuEntry("部件", "/places/components", STAFF | {Role.UNIT}, MenuGroup.BASE_DATA),
            MenuEntry("网格", "/places/grids", STAFF, MenuGroup.BASE_DATA),
        ),
        provides={MAP: options},
    )
