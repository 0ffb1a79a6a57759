"""The flows that ship with the program, ready to be played through."""

from config.data_files import DATA
from config.prompts import prompt_names
from ivr.flow import Flow
from ivr.loader import load_flow

PROMPTS = prompt_names(DATA / "prompts", "zh-CN")


def shipped_flow(name: str) -> Flow:
    """Return a flow of `config/data/flows`."""
    text = (DATA / "flows" / f"{name}.yaml").read_text("utf-8")
    return load_flow(text, f"{name}.yaml", PROMPTS)


def small_flow(steps: str, *, variables: str = "{}", prompts: frozenset[str] = PROMPTS) -> Flow:
    """Return a flow of a few steps, the first being `one`."""
    head = f'name: small\nversion: "1"\nlanguage: zh-CN\nstart: one\nvariables: {variables}\n'
    return load_flow(f"{head}steps:\n{steps}", "small.yaml", prompts)
