"""`.env.example` lists every setting, with the value it has without being set."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_it_names_exactly_the_variables_that_the_settings_read() -> None:
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z0-9_]+)"', (ROOT / "webapp" / "settings.py").read_text()))
    listed = re.findall(r"^#([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    assert len(read) > 20
    assert sorted(listed) == sorted(read)
