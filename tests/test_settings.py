"""Settings and secrets: where they come from, and that a wrong one is told without being repeated."""

import os
from pathlib import Path

import pytest

from workplace_sync.errors import SettingsError
from workplace_sync.settings import PREFIX, Settings, load_settings, settings_table

PASSWORD = "tangerine-9"


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("WORKPLACE_TOKEN_BT", raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_everything_lies_under_the_working_folder() -> None:
    settings = load_settings()
    assert settings.home == Path()
    assert settings.config_dir == Path("config")
    assert settings.policies_dir == Path("policies")
    assert settings.key_file == Path("var/keys/log.key")
    assert settings.checkpoint_file == Path("var/checkpoint.txt")
    assert settings.database_url.get_secret_value() == "sqlite:///var/sync.db"
    assert (settings.threads, settings.page_size, settings.pace_per_second) == (8, 1000, 50.0)
    assert (settings.plan_valid_hours, settings.approval_valid_hours, settings.drift_percent) == (72, 72, 10)
    assert (settings.log_level, settings.log_format) == ("info", "auto")


def test_the_folders_follow_home_and_the_files_follow_the_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_STATE_DIR", "/srv/state")
    settings = load_settings(home=Path("/srv/union"))
    assert settings.config_dir == Path("/srv/union/config")
    assert settings.checkpoint_file == Path("/srv/state/checkpoint.txt")
    assert settings.database_url.get_secret_value() == "sqlite:////srv/state/sync.db"


def test_an_argument_beats_the_environment_which_beats_the_env_file_which_beats_the_secrets_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ("HOME", "THREADS", "PAGE_SIZE", "DRIFT_PERCENT")
    folder = tmp_path / "secrets"
    folder.mkdir()
    for value, name in enumerate(names, start=1):
        (folder / f"workplace_sync_{name.lower()}").write_text(f"{value}\n")
    home = tmp_path / "31"
    home.mkdir()
    (home / ".env").write_text(
        f"WORKPLACE_SYNC_SECRETS_DIR={folder}\n" + "".join(f"{PREFIX}{name}=11\n" for name in names[:3])
    )
    for name in names[:2]:
        monkeypatch.setenv(f"{PREFIX}{name}", "21")
    settings = load_settings(home=home)
    assert (settings.home, settings.threads, settings.page_size, settings.drift_percent) == (home, 21, 11, 4)


def test_the_env_file_is_that_of_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "union").mkdir()
    (tmp_path / ".env").write_text("WORKPLACE_SYNC_THREADS=3\nWORKPLACE_TOKEN_BT=here\n")
    (tmp_path / "union" / ".env").write_text("WORKPLACE_SYNC_THREADS=4\nWORKPLACE_TOKEN_BT=there\n")
    for home, threads, token in ((None, 3, "here"), (tmp_path / "union", 4, "there")):
        settings = load_settings(home)
        assert settings.threads == threads
        assert settings.secret("WORKPLACE_TOKEN_BT").get_secret_value() == token
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WORKPLACE_SYNC_HOME", "~/union")
    assert load_settings().threads == 4


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_THREADS", "")
    assert load_settings().threads == 8


@pytest.mark.parametrize("word", ["off", "OFF", "none"])
def test_the_pace_can_be_switched_off(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_PACE_PER_SECOND", word)
    assert load_settings().pace_per_second is None


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().threads = 9  # type: ignore[misc]


def test_all_faults_are_told_at_once_with_the_names_of_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "THREADS": "many",
        "DATABASE_URL": f"mysql://union:{PASSWORD}@db.example.org/x",
        "EVIDENCE_ORIGIN": "https://union.example.org/log",
        "PACE_PER_SECOND": "inf",
        "LOG_LEVEL": "loud",
        "PLAN_VALID_HOURS": "0",
        "SECRETS_DIR": "/no/such/folder",
        "ACTOR": "one\ntwo",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    told = caught.value.message
    assert told.startswith("8 settings are wrong")
    assert all(PREFIX + name in told for name in wrong)
    assert "HOME" not in told


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://union:{PASSWORD}@db.example.org/x",
        f"postgresql://union:{PASSWORD}@[db/x",
        f"postgresql://union:{PASSWORD}\u2100@db/x",
        PASSWORD,
    ],
)
def test_a_refused_database_url_is_not_repeated_anywhere_in_the_error(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_DATABASE_URL", url)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    error: BaseException | None = caught.value
    while error is not None:
        assert PASSWORD not in f"{error} {error!r} {error.args}"
        error = error.__context__ or error.__cause__


def test_a_folder_that_cannot_be_read_is_told_once_and_not_again_for_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_HOME", "~nobody-of-that-name/x")
    with pytest.raises(SettingsError, match=r"1 setting is wrong:\n  WORKPLACE_SYNC_HOME "):
        load_settings()


def test_a_misspelt_setting_is_refused_and_a_token_with_the_same_beginning_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_TOKEN_BT", "invented")
    load_settings()
    monkeypatch.setenv("WORKPLACE_SYNC_DRIFT_PERCNT", "1")
    with pytest.raises(SettingsError, match="did you mean WORKPLACE_SYNC_DRIFT_PERCENT"):
        load_settings()


def test_the_password_of_the_database_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "WORKPLACE_SYNC_DATABASE_URL", f"postgresql://union:{PASSWORD}@db.example.org:5433/sync?password={PASSWORD}"
    )
    settings = load_settings()
    assert PASSWORD in settings.database_url.get_secret_value()
    assert settings.database_shown == "postgresql://union@db.example.org:5433/sync"
    for text in (str(settings), repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert PASSWORD not in text


def test_a_sqlite_file_is_shown_as_it_is() -> None:
    assert load_settings().database_shown == "sqlite:///var/sync.db"


@pytest.mark.parametrize(
    "origin", ["https://example.org/sync", "example.org/a b", "example.org/a+b", "example.org/\n", "/log"]
)
def test_an_evidence_log_name_that_would_break_a_checkpoint_is_refused(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_EVIDENCE_ORIGIN", origin)
    with pytest.raises(SettingsError, match="WORKPLACE_SYNC_EVIDENCE_ORIGIN"):
        load_settings()


@pytest.mark.parametrize("origin", ["union.example.org/sync", "example.org:8443/a-b_c", "example.org"])
def test_an_address_without_scheme_names_the_evidence_log(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_EVIDENCE_ORIGIN", origin)
    assert load_settings().evidence_origin == origin


def test_a_secret_is_found_in_the_environment_then_the_env_file_then_the_secrets_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "WORKPLACE_TOKEN_BT").write_text("from-folder\n")
    monkeypatch.setenv("WORKPLACE_SYNC_SECRETS_DIR", str(folder))
    settings = load_settings()
    assert settings.secret("WORKPLACE_TOKEN_BT").get_secret_value() == "from-folder"
    (tmp_path / ".env").write_text("WORKPLACE_TOKEN_BT=from-file\n")
    assert settings.secret("WORKPLACE_TOKEN_BT").get_secret_value() == "from-file"
    monkeypatch.setenv("WORKPLACE_TOKEN_BT", "from-environment")
    assert settings.secret("WORKPLACE_TOKEN_BT").get_secret_value() == "from-environment"


def test_another_env_file_serves_settings_and_secrets(tmp_path: Path) -> None:
    file = tmp_path / "other.env"
    file.write_text("WORKPLACE_SYNC_THREADS=3\nWORKPLACE_TOKEN_BT=invented\n")
    settings = load_settings(env_file=file)
    assert settings.threads == 3
    assert settings.secret("WORKPLACE_TOKEN_BT").get_secret_value() == "invented"


def test_a_missing_secret_is_named_with_the_places_where_it_may_be_put(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="WORKPLACE_TOKEN_BT is not set") as caught:
        load_settings().secret("WORKPLACE_TOKEN_BT")
    assert ".env" in caught.value.hint
    monkeypatch.setenv("WORKPLACE_SYNC_SECRETS_DIR", str(tmp_path))
    with pytest.raises(SettingsError) as caught:
        load_settings().secret("WORKPLACE_TOKEN_BT")
    assert str(tmp_path) in caught.value.hint


@pytest.mark.parametrize("value", [f"{PASSWORD} x", f"{PASSWORD}\u00a0x", f"{PASSWORD}\nX: y"])
def test_a_secret_that_no_header_can_carry_is_refused_without_repeating_it(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKPLACE_TOKEN_BT", value)
    with pytest.raises(SettingsError, match="WORKPLACE_TOKEN_BT") as caught:
        load_settings().secret("WORKPLACE_TOKEN_BT")
    assert PASSWORD not in str(caught.value)


def test_a_secrets_name_never_leads_out_of_the_secrets_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("invented")
    (tmp_path / "secrets").mkdir()
    monkeypatch.setenv("WORKPLACE_SYNC_SECRETS_DIR", str(tmp_path / "secrets"))
    with pytest.raises(SettingsError, match="not set"):
        load_settings().secret("../outside")


def test_files_that_are_not_text_are_told_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "WORKPLACE_TOKEN_BT").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("WORKPLACE_SYNC_SECRETS_DIR", str(tmp_path))
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings().secret("WORKPLACE_TOKEN_BT")
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        load_settings()


def test_the_table_names_and_describes_every_setting() -> None:
    table = settings_table()
    assert [name for name, _, _ in table] == [PREFIX + name.upper() for name in Settings.model_fields]
    assert all(default and len(description) > 20 for _, default, description in table)
    assert ("WORKPLACE_SYNC_CONFIG_DIR", "<home>/config") in [(name, default) for name, default, _ in table]


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _uid: (_ for _ in ()).throw(KeyError("no such user")))
    assert load_settings().actor == f"uid-{os.getuid()}"
