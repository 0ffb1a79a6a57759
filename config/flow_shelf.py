"""The flows in use, as the database names them; a voice process reads them anew while it runs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from config.flow_checks import house_problems
from config.prompts import prompt_names
from hotline.contacts.flows import service
from hotline.contacts.flows.service import FlowText
from hotline.kernel.db import Database
from hotline.queues.phone_directory import DirectoryEntry
from ivr.errors import FlowError
from ivr.flow import Flow
from ivr.loader import load_flow
from ivr.text import read

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FlowReader:
    """Reads the text of a flow, with the prompts and the directory that it may use."""

    prompts: Path
    directory: tuple[DirectoryEntry, ...]

    def read(self, text: str, source: str) -> Flow:
        """Return the flow that a text describes.

        Raises:
            FlowError: with every mistake in it.
        """
        language = read(source, text, []).text("language", "")
        flow = load_flow(text, source, prompt_names(self.prompts, language))
        problems = tuple(house_problems(flow, self.directory))
        if problems:
            raise FlowError(problems)
        return flow


def texts_of(flows: Iterable[Flow]) -> list[FlowText]:
    """Return flows as what is kept of them."""
    return [FlowText(name=flow.name, version=flow.version, text=flow.text) for flow in flows]


class FlowShelf(Mapping[str, Flow]):
    """Flows by name: those that came with the program, until others are in use."""

    def __init__(self, flows: Mapping[str, Flow], reader: FlowReader) -> None:
        self._flows = dict(flows)
        self._reader = reader

    def __getitem__(self, name: str) -> Flow:
        """Return what callers meet who come now."""
        return self._flows[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._flows)

    def __len__(self) -> int:
        """Count the flows."""
        return len(self._flows)

    async def refresh(self, database: Database) -> None:
        """Take what is in use by now; a text that is no good any more changes nothing."""
        async with database.read() as session:
            texts = await service.texts_in_use(session)
        for text in texts:
            known = self._flows.get(text.name)
            if known is not None and known.digest == text.digest:
                continue
            try:
                self._flows[text.name] = self._reader.read(text.text, f"{text.name}.yaml")
            except FlowError as error:
                log.error("flow_not_usable", flow=text.name, problem=str(error.problems[0]))
                continue
            log.info("flow_in_use", flow=text.name, version=text.version, digest=text.digest[:12])
