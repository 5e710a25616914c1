import hashlib

import numpy as np
import pytest
from preview_jobs import NAMES, PORTRAITS, portrait

from model.preview.face import Landmarks, find_faces
from model.preview.features import features_of_landmarks, features_of_rig, parse_rig
from model.preview.networks import NETS_PATH
from model.preview.refined import _LIPS, _are_lips_regular, refined
from tasks.portrait.portrait import read_rig


def test_the_notice_names_every_net_by_its_digest() -> None:
    notice = (NETS_PATH / "NOTICE").read_text()
    for path in NETS_PATH.glob("*.onnx"):
        assert f"{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}  {path.name}" in notice


@pytest.mark.parametrize("name", NAMES)
def test_refined_lips_lie_nearer_to_those_a_person_has_placed(name: str) -> None:
    pixels = portrait(name, 1024)
    by_hand = features_of_rig(parse_rig(read_rig(PORTRAITS / f"{name}.rig.json")), 1024, 1024)
    mesh = find_faces(pixels)[0].landmarks

    def error(landmarks: Landmarks) -> float:
        found = features_of_landmarks(landmarks)
        height = by_hand.lower_outer[:, 1].max() - by_hand.upper_outer[:, 1].min()
        middle = slice(3, 8)  # a rig's parabola leaves the lips towards their corners
        inner = (found.upper_inner + found.lower_inner)[middle] / 2
        wanted = (by_hand.upper_inner + by_hand.lower_inner)[middle] / 2
        return float(np.abs(inner - wanted)[:, 1].mean()) / height

    face = refined(pixels, mesh)
    assert face.is_mouth_seen
    assert error(face.landmarks) < 0.6 * error(mesh)


def test_what_is_not_refined_stays_as_the_mesh_has_it() -> None:
    pixels = portrait("jun")
    mesh = find_faces(pixels)[0].landmarks
    face = refined(pixels, mesh)
    is_kept = (face.landmarks == mesh).all(1)
    assert is_kept.sum() > 200
    assert np.array_equal(face.landmarks[:, 2], mesh[:, 2])


def test_irises_are_between_the_lids() -> None:
    pixels = portrait("mara")
    face = refined(pixels, find_faces(pixels)[0].landmarks)
    for iris, eye in zip(face.irises, features_of_landmarks(face.landmarks).eyes, strict=True):
        assert eye.upper[0][0] < iris[0][0] < eye.upper[-1][0]
        assert eye.upper[:, 1].min() < iris[0][1] < eye.lower[:, 1].max()


@pytest.mark.parametrize("fault", ["narrow", "elsewhere", "tangled"])
def test_lips_that_are_none_are_known_by_their_shape(fault: str) -> None:
    pixels = portrait("jun")
    mesh = find_faces(pixels)[0].landmarks
    seen = refined(pixels, mesh).landmarks.copy()
    assert _are_lips_regular(mesh, seen)
    lips = list(_LIPS)
    middle = seen[lips].mean(0)
    if fault == "narrow":
        seen[lips] = middle + (seen[lips] - middle) * 0.5
    elif fault == "elsewhere":
        seen[lips, 1] += 0.2 * np.ptp(seen[lips, 0])
    else:
        seen[lips] = np.random.default_rng(0).permutation(seen[lips])
    assert not _are_lips_regular(mesh, seen)
