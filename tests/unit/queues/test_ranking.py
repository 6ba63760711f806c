"""The ranking against a sorted list."""

from random import Random

from queues.lines.ranking import Ranking


def test_like_a_sorted_list() -> None:
    random = Random(7)
    ranking: Ranking[tuple[float, str]] = Ranking()
    model: list[tuple[float, str]] = []
    for n in range(6000):
        if model and random.random() < 0.3:
            key = model.pop(random.randrange(len(model)))
            ranking.discard(key)
        else:
            key = (random.random(), str(n))
            ranking.add(key)
            model.append(key)
    model.sort()
    assert list(ranking) == model
    assert len(ranking) == len(model)
    assert ranking.first() == model[0]
    assert [ranking.position(key) for key in model[::97]] == list(range(1, len(model) + 1, 97))
    for key in (model[0], model[1500], model[-1], (0.5, ""), (2.0, "")):
        assert list(ranking.above(key)) == [other for other in model if other > key]
    for key in model:
        ranking.discard(key)
    assert ranking.first() is None
    assert len(ranking) == 0


def test_whoever_comes_last_is_found_there() -> None:
    """Also right after the keys were divided among more chunks."""
    ranking: Ranking[tuple[float, str]] = Ranking()
    for number in range(1, 3001):
        ranking.add((float(number), ""))
        assert ranking.position((float(number), "")) == number


def test_key_that_is_not_there() -> None:
    ranking: Ranking[str] = Ranking()
    ranking.discard("a")
    ranking.add("b")
    ranking.discard("a")
    ranking.discard("c")
    assert (ranking.position("a"), ranking.position("b"), ranking.position("c")) == (None, 1, None)
