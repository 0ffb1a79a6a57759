"""Score formulas as text: numbers, counters, + − × ÷, parentheses, min and max; nothing else.

    sum     = product { ("+" | "-") product }
    product = factor { ("*" | "/") factor }
    factor  = "-" factor | number [ "%" ] | counter | "(" sum ")"
            | ("min" | "max") "(" sum { "," sum } ")"

× ÷ − and full-width signs are read as their plain forms. Values are fractions: nothing is rounded
before the end.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from hotline.kernel.errors import Invalid

MAX_LENGTH: Final = 1000
MAX_DEPTH: Final = 40

Values = Mapping[str, Fraction]


class ZeroDenominator(Invalid):
    """A division by zero: the rate has nothing to be a rate of."""

    def __init__(self, divisor: str) -> None:
        super().__init__("formula", f"division by zero: {divisor} is 0")
        self.divisor = divisor


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    value: Fraction
    text: str


@dataclass(frozen=True, slots=True)
class Counter:
    """The value of a counter."""

    name: str


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus something."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two expressions and the sign between them: one of + - * /."""

    sign: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Choice:
    """The least or the greatest of some."""

    name: str
    choices: tuple["Expression", ...]


Expression = Number | Counter | Negative | Binary | Choice

_PLAIN: Final = str.maketrans("×÷−－＋（），＊／％", "*/--+(),*/%")
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[^\W\d]\w*)|(?P<sign>[-+*/(),%]))", re.UNICODE
)
_SHOWN: Final = {"+": "+", "-": "−", "*": "×", "/": "÷"}
_TIGHTNESS: Final = {"+": 1, "-": 1, "*": 2, "/": 2}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def parse(text: str, names: Mapping[str, str]) -> Expression:
    """Return the formula as a tree; `names` maps what may be written to the counter meant.

    Raises:
        Invalid: if it is not a formula, or names a counter that does not exist; with the place.
    """
    if len(text) > MAX_LENGTH:
        raise Invalid("formula", f"has more than {MAX_LENGTH} characters")
    reader = _Reader(tuple(_tokens(text.translate(_PLAIN))), names)
    tree = reader.sum(0)
    reader.expect_end()
    return tree


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            at = place + len(stripped[place:]) - len(stripped[place:].lstrip())
            raise _wrong(at, f"{stripped[at]!r} has no meaning here")
        kind = match.lastgroup or ""
        yield _Token(kind, match[kind], match.start(kind))
        place = match.end()
    yield _Token("end", "", len(stripped))


def _wrong(place: int, problem: str) -> Invalid:
    return Invalid("formula", f"at character {place + 1}: {problem}")


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: tuple[_Token, ...], names: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._names = names
        self._next = 0

    def sum(self, depth: int) -> Expression:
        return self._chain("+-", self._product, depth)

    def expect_end(self) -> None:
        token = self._tokens[self._next]
        if token.kind != "end":
            raise _wrong(token.place, f"{token.text!r} is too much")

    def _product(self, depth: int) -> Expression:
        return self._chain("*/", self._factor, depth)

    def _chain(self, signs: str, part: "object", depth: int) -> Expression:
        assert callable(part)
        left: Expression = part(depth)
        while (token := self._tokens[self._next]).kind == "sign" and token.text in signs:
            self._next += 1
            left = Binary(token.text, left, part(depth))
        return left

    def _factor(self, depth: int) -> Expression:
        token = self._take()
        if depth > MAX_DEPTH:
            raise _wrong(token.place, f"more than {MAX_DEPTH} levels")
        if token.kind == "number":
            return self._number(token)
        if token.kind == "name":
            return self._name(token, depth)
        if token.text == "-":
            return Negative(self._factor(depth + 1))
        if token.text == "(":
            inner = self.sum(depth + 1)
            self._expect(")")
            return inner
        what = "the formula ends too early" if token.kind == "end" else f"unexpected {token.text!r}"
        raise _wrong(token.place, what)

    def _number(self, token: _Token) -> Number:
        value = Fraction(token.text)
        if self._tokens[self._next].text == "%":
            self._next += 1
            return Number(value / 100, f"{token.text}%")
        return Number(value, token.text)

    def _name(self, token: _Token, depth: int) -> Expression:
        if token.text in {"min", "max"} and self._tokens[self._next].text == "(":
            self._next += 1
            choices = [self.sum(depth + 1)]
            while self._tokens[self._next].text == ",":
                self._next += 1
                choices.append(self.sum(depth + 1))
            self._expect(")")
            return Choice(token.text, tuple(choices))
        if token.text not in self._names:
            known = ", ".join(sorted(set(self._names.values())))
            raise _wrong(token.place, f"there is no counter {token.text!r}; there are {known}")
        return Counter(self._names[token.text])

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def _expect(self, text: str) -> None:
        token = self._take()
        if token.text != text:
            raise _wrong(token.place, f"here belongs {text!r}")


def evaluate(tree: Expression, values: Values, *, zero: Fraction | None = None) -> Fraction:
    """Return the value of a formula; `zero` is what a division by zero gives, if it may.

    Raises:
        ZeroDenominator: if something is divided by zero and `zero` is None.
    """
    match tree:
        case Number(value):
            return value
        case Counter(name):
            return values[name]
        case Negative(inner):
            return -evaluate(inner, values, zero=zero)
        case Choice(name, choices):
            found = [evaluate(each, values, zero=zero) for each in choices]
            return min(found) if name == "min" else max(found)
        case Binary(sign, left, right):
            first = evaluate(left, values, zero=zero)
            second = evaluate(right, values, zero=zero)
            return _apply(sign, first, second, right, zero)


def _apply(
    sign: str, first: Fraction, second: Fraction, right: Expression, zero: Fraction | None
) -> Fraction:
    match sign:
        case "+":
            return first + second
        case "-":
            return first - second
        case "*":
            return first * second
    if second:
        return first / second
    if zero is None:
        raise ZeroDenominator(written(right))
    return zero


def counters_in(tree: Expression) -> frozenset[str]:
    """Return the names of the counters that a formula reads."""
    match tree:
        case Number():
            return frozenset()
        case Counter(name):
            return frozenset({name})
        case Negative(inner):
            return counters_in(inner)
        case Binary(_, left, right):
            return counters_in(left) | counters_in(right)
        case Choice(_, choices):
            return frozenset().union(*map(counters_in, choices))


def written(tree: Expression, words: Mapping[str, str] | None = None) -> str:
    """Return the formula as text, with `words` for counters: labels, or values to show a sum."""
    return _written(tree, words or {}, 0)


def _written(tree: Expression, words: Mapping[str, str], around: int) -> str:
    match tree:
        case Number(_, text):
            return text
        case Counter(name):
            return words.get(name, name)
        case Negative(inner):
            return f"−{_written(inner, words, 3)}"
        case Choice(name, choices):
            return f"{name}({', '.join(_written(each, words, 0) for each in choices)})"
        case Binary(sign, left, right):
            tight = _TIGHTNESS[sign]
            text = (
                f"{_written(left, words, tight - 1)} {_SHOWN[sign]} {_written(right, words, tight)}"
            )
            return f"({text})" if tight <= around else text


def terms(tree: Expression, sign: int = 1) -> list[tuple[int, Expression]]:
    """Return the terms of the outermost sum with their signs, +1 or -1, in order."""
    match tree:
        case Binary("+", left, right):
            return terms(left, sign) + terms(right, sign)
        case Binary("-", left, right):
            return terms(left, sign) + terms(right, -sign)
        case Negative(inner):
            return terms(inner, -sign)
        case _:
            return [(sign, tree)]


def check(text: str, names: Mapping[str, str], known: Collection[str]) -> Expression:
    """Parse a formula and try it once with every counter at 1.

    Raises:
        Invalid: if it cannot be read, or divides by something that is always zero.
    """
    tree = parse(text, names)
    evaluate(tree, dict.fromkeys(known, Fraction(1)))
    return tree
