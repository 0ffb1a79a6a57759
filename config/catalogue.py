"""Everything under `config/data`, checked as a whole: a start with a mistake in it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from case_bridge.cases.organisation import Organisation
from case_bridge.cases.rules import CaseRules
from case_bridge.standards.standard import Standard, standard_of
from case_bridge.units.unit import ResponsibilityRule, Unit
from config.calendar_tables import load_calendar
from config.category_table import Scheme, load_categories, load_schemes
from config.data_files import DATA, read_text
from config.directory_table import load_directory
from config.flow_checks import house_problems
from config.organisation_tables import load_organisations
from config.prompts import check_prompts, prompt_names
from config.queue_rules import load_queue_rules
from config.rule_table import load_rules
from config.unit_tables import load_responsibility, load_units
from hotline.kernel.errors import HotlineError, Invalid
from hotline.queues.phone_directory import DirectoryEntry
from hotline.sla.calendar import WorkingCalendar
from hotline.tickets.category import Category
from ivr.errors import FlowError, Problem
from ivr.flow import Flow
from ivr.loader import load_flow
from ivr.text import read


class CatalogueError(HotlineError):
    """The data files have mistakes; `problems` holds every one, sorted by file and line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The city's standards, as the data files give them."""

    schemes: Mapping[str, Scheme]
    categories: tuple[Category, ...]
    """Of every scheme."""
    calendar: WorkingCalendar
    units: tuple[Unit, ...]
    responsibility: tuple[ResponsibilityRule, ...]
    rules: CaseRules
    organisations: Mapping[str, Organisation]
    """By the name of their file."""
    flows: Mapping[str, Flow]
    """By name."""
    directory: tuple[DirectoryEntry, ...]
    """Whom seats may bring into a call by name."""
    prompts: Path
    """The folder of `<language>/<name>.wav`."""

    def organisation(self, name: str) -> Organisation:
        """Return the organisation of that name.

        Raises:
            Invalid: if there is none.
        """
        if name not in self.organisations:
            known = ", ".join(sorted(self.organisations))
            raise Invalid("HOTLINE_ORGANISATION", f"{name!r} is none of {known}")
        return self.organisations[name]

    @property
    def categories_in_use(self) -> tuple[Category, ...]:
        """Return the categories by which tickets are classified."""
        in_use = {(s.scheme, s.version) for s in self.schemes.values() if s.in_use}
        return tuple(c for c in self.categories if (c.scheme, c.version) in in_use)

    @property
    def standard_in_use(self) -> Standard:
        """Return those categories as the standard that an empty house begins with."""
        (scheme,) = (each for each in self.schemes.values() if each.in_use)
        return standard_of(scheme.title, self.categories_in_use)


def load_catalogue(folder: Path = DATA) -> Catalogue:
    """Return the checked contents of a data folder.

    Raises:
        CatalogueError: with every mistake in every file.
    """
    problems: list[Problem] = []
    schemes = load_schemes(folder, problems)
    categories = load_categories(folder, schemes, problems)
    calendar = load_calendar(folder / "calendars", problems)
    units = load_units(folder, problems)
    responsibility = load_responsibility(folder, schemes, categories, units, problems)
    rules = load_rules(folder, problems)
    organisations = load_organisations(folder, problems)
    directory = load_directory(folder, problems)
    flows = load_flows(folder / "flows", folder / "prompts", directory, problems)
    load_queue_rules(folder, problems)
    problems += check_prompts(folder / "prompts")
    if problems or calendar is None:
        raise CatalogueError(tuple(sorted(set(problems))))
    return Catalogue(
        schemes,
        categories,
        calendar,
        units,
        responsibility,
        rules,
        organisations,
        flows,
        directory,
        folder / "prompts",
    )


def check_catalogue(folder: Path = DATA) -> tuple[Problem, ...]:
    """Return every mistake in a data folder; none means that it can be loaded."""
    try:
        load_catalogue(folder)
    except CatalogueError as error:
        return error.problems
    return ()


def load_flows(
    folder: Path,
    prompts: Path,
    directory: tuple[DirectoryEntry, ...],
    problems: list[Problem],
) -> dict[str, Flow]:
    """Return the flows of a folder by name; what is wrong goes to `problems`."""
    flows: dict[str, Flow] = {}
    for file in sorted(folder.glob("*.yaml")):
        text = read_text(file, problems)
        if text is None:
            continue
        language = read(file.name, text, []).text("language", "")
        try:
            flow = load_flow(text, file.name, prompt_names(prompts, language))
        except FlowError as error:
            problems += error.problems
            continue
        if flow.name != file.stem:
            problems.append(Problem(file.name, 1, f"name: {flow.name!r} stands in {file.name}"))
        problems += house_problems(flow, directory)
        flows[flow.name] = flow
    return flows
