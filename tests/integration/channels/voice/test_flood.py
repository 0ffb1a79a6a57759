"""Good calls go on while a stranger floods the house (60 s of it by the benchmark)."""

from benchmarks.voice.flood import run


async def test_a_trunks_calls_are_set_up_while_a_stranger_floods_the_house() -> None:
    told = await run(rate=5000, seconds=1.5, sources=3, interval=0.1)

    assert int(str(told["flood_messages"])) > 3000
    assert int(str(told["not_read"])) > 2000
    assert int(str(told["calls"])) >= 10
    assert float(str(told["within_500_ms"])) >= 0.99
    assert float(str(told["memory_mb_after"])) < float(str(told["memory_mb_before"])) + 30
