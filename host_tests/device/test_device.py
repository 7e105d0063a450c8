"""The Python module on every target, by the same scripts: each ends by printing `ok`."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
SCRIPTS = sorted(p.stem for p in FOLDER.glob("*.py") if not p.stem.startswith(("test_", "_")))


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(target, script):
    """Each script asserts for itself."""
    output = target.exec((FOLDER / f"{script}.py").read_bytes(), timeout=300)
    assert output.splitlines()[-1:] == ["ok"], output
