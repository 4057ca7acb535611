"""Label Studio: its own SDK takes the labelling interface, the tasks and the predictions."""

import json

from export_builders import MODEL, essence, float32s
from label_studio_sdk.label_interface import LabelInterface

from gcmtag import ROLES
from gcmtag.exporting import export
from gcmtag.exporting.label_studio import labelling_interface
from gcmtag.exporting.rows import named


def tasks(tables: tuple) -> list[dict]:
    return json.loads(export(*tables, "label-studio"))


def test_the_interface_is_valid_and_has_all_objectives_and_roles(tables) -> None:
    interface = LabelInterface(export(*tables, "label-studio-interface").decode("utf-8"))
    interface.validate()
    assert set(interface.get_control("objectives").labels) == {named(n) for n in range(1, 24)}
    assert set(interface.get_control("role").labels) == set(ROLES)
    assert set(interface.get_control("evidence").labels) == {named(n) for n in range(1, 24)}


def test_the_sdk_takes_every_task_and_prediction(tables) -> None:
    interface = LabelInterface(labelling_interface())
    for task in tasks(tables):
        # Version 2.0 of the SDK cannot check both at once: it calls its own check of predictions without any.
        assert interface.validate_task({"data": task["data"]})
        assert not interface.validate_task({"data": {}})
        for prediction in task["predictions"]:
            assert interface.validate_prediction(prediction)
            assert interface.validate_prediction(prediction, return_errors=True) == []


def test_the_sdk_refuses_a_label_that_the_interface_lacks(tables) -> None:
    """Else the claim above could not fail."""
    prediction = tasks(tables)[0]["predictions"][0]
    prediction["result"][0]["value"]["choices"] = ["24 Weather"]
    assert not LabelInterface(labelling_interface()).validate_prediction(prediction)


def test_the_same_tags_come_back(tables) -> None:
    expected = essence(tables[0])
    for task in tasks(tables):
        wanted = expected.pop(task["data"]["passage_id"])
        (prediction,) = task["predictions"]
        chosen = {r["from_name"]: r["value"]["choices"] for r in prediction["result"] if r["type"] == "choices"}
        spans = [r for r in prediction["result"] if r["type"] == "labels"]
        assert [int(name.split()[0]) for name in chosen.get("objectives", [])] == wanted["objectives"]
        assert chosen["role"] == [wanted["role"]]
        assert float32s(task["data"]["scores"]) == wanted["scores"]
        assert prediction["model_version"] == MODEL
        assert [
            (int(s["value"]["labels"][0].split()[0]), s["value"]["start"], s["value"]["end"], *float32s([s["score"]]))
            for s in spans
        ] == wanted["evidence"]
        text = task["data"]["text"]
        assert all(text[s["value"]["start"] : s["value"]["end"]] == s["value"]["text"] for s in spans)
    assert not expected
