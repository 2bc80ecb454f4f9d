"""config.yaml, its defaults, its overrides and the words of its errors."""

from pathlib import Path

import pytest
import yaml

from layers import settings_page
from layers.config import Config, load_config
from layers.documents import DocumentError

ROOT = Path(__file__).parents[2]


def problem(tmp_path, text, environ=None):
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_config(file, environ or {})
    return str(caught.value)


def test_without_a_file_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config(environ={}) == Config()


def test_the_file_that_ships_says_exactly_the_defaults():
    assert load_config(ROOT / "config.yaml", {}) == Config()


def test_the_file_that_ships_names_every_key_but_secrets():
    shipped = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    named = {(section, key) for section, values in shipped.items() for key in values}
    assert named == {(s.section, s.key) for s in settings_page.settings() if not s.is_secret}


def test_every_setting_is_explained_in_both_languages():
    for setting in settings_page.settings():
        assert any("\u4e00" <= c <= "\u9fff" for c in setting.zh), setting
        assert setting.en.endswith("."), setting
        assert setting.en.isprintable(), setting


def test_the_page_of_settings_is_the_one_made_from_the_code():
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == settings_page.markdown()


def test_an_unknown_key_is_named_with_its_file_and_the_nearest_key(tmp_path):
    said = problem(tmp_path, "kafka: {bootstra: 'k1:9092'}")
    assert str(tmp_path / "config.yaml") in said
    assert "`bootstra`" in said
    assert "$.kafka" in said
    assert "Did you mean `bootstrap`?" in said


def test_an_unknown_section_is_named_with_the_nearest_section(tmp_path):
    assert "Did you mean `retention`?" in problem(tmp_path, "retension: {minute_h: 3}")


def test_a_value_out_of_range_is_named_with_its_path(tmp_path):
    said = problem(tmp_path, "serve: {port: 99999}")
    assert "65535" in said
    assert "$.serve.port" in said


def test_a_value_of_the_wrong_type_is_named_with_its_path(tmp_path):
    assert "$.kafka.partitions" in problem(tmp_path, "kafka: {partitions: many}")


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    assert "is not a mapping" in problem(tmp_path, "- a\n- b\n")


def test_a_section_whose_keys_are_all_commented_out_keeps_its_defaults(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("serve:\n  # port: 1\n", encoding="utf-8")
    assert load_config(file, {}).serve.port == 8050


def test_every_setting_can_be_overridden_by_its_variable():
    # A list can stand for no setting: each refusal proves that the variable reached its field.
    for setting in settings_page.settings():
        if isinstance(setting.default, str):
            loaded = load_config(environ={setting.variable: setting.default})
            assert loaded == Config()
            continue
        with pytest.raises(DocumentError) as caught:
            load_config(environ={setting.variable: "[1, 2]"})
        assert f"$.{setting.section}.{setting.key}" in str(caught.value)


def test_the_environment_wins_over_the_file(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("serve: {port: 1}\nredis: {cluster: false}", encoding="utf-8")
    environ = {"YIWANG_SERVE__PORT": "2", "YIWANG_REDIS__CLUSTER": "true"}
    loaded = load_config(file, environ)
    assert (loaded.serve.port, loaded.redis.cluster) == (2, True)


def test_text_from_the_environment_is_taken_as_it_is():
    environ = {"YIWANG_CITY__PACK": "1731", "YIWANG_KAFKA__GROUP": "yes"}
    loaded = load_config(environ=environ)
    assert (loaded.city.pack, loaded.kafka.group) == ("1731", "yes")


def test_an_unknown_variable_is_named_with_the_nearest_one():
    with pytest.raises(DocumentError, match="Did you mean `YIWANG_REDIS__PREFIX`"):
        load_config(environ={"YIWANG_REDIS__PREFX": "x"})
    with pytest.raises(DocumentError, match="Did you mean `YIWANG_INGEST__…`"):
        load_config(environ={"YIWANG_INGESTS__LINGER_MS": "1"})


def test_variables_of_other_programs_are_left_alone():
    assert load_config(environ={"YIWANG_NOTE": "x", "OTHER__KEY": "y"}) == Config()


def test_single_security_settings_come_from_the_environment(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("kafka: {security: {security_protocol: SASL_SSL}}", encoding="utf-8")
    environ = {
        "YIWANG_KAFKA__SECURITY__SSL_CHECK_HOSTNAME": "false",
        "YIWANG_KAFKA__SASL_PLAIN_PASSWORD": "0123",
    }
    assert load_config(file, environ).kafka.security == {
        "security_protocol": "SASL_SSL",
        "ssl_check_hostname": False,
        "sasl_plain_password": "0123",
    }


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("redis: {password: geheim}", "YIWANG_REDIS__PASSWORD"),
        ("redis: {url: 'redis://:geheim@db:6379/0'}", "YIWANG_REDIS__PASSWORD"),
        (
            "kafka: {security: {sasl_plain_password: geheim}}",
            "YIWANG_KAFKA__SASL_PLAIN_PASSWORD",
        ),
        ("kafka: {security: {ssl_password: geheim}}", "YIWANG_KAFKA__SSL_PASSWORD"),
    ],
)
def test_a_secret_in_the_file_is_refused_without_repeating_it(tmp_path, text, variable):
    said = problem(tmp_path, text)
    assert variable in said
    assert "geheim" not in said


def test_a_secret_never_shows_where_settings_are_printed():
    environ = {
        "YIWANG_REDIS__PASSWORD": "geheim",
        "YIWANG_KAFKA__SASL_PLAIN_PASSWORD": "geheim",
    }
    assert "geheim" not in repr(load_config(environ=environ))


def test_the_password_stands_in_the_address_that_is_connected_to():
    environ = {"YIWANG_REDIS__PASSWORD": "p@/s", "YIWANG_REDIS__URL": "rediss://yw@db:6380/1"}
    assert load_config(environ=environ).redis.address == "rediss://yw:p%40%2Fs@db:6380/1"


def test_the_file_is_found_by_variable_and_else_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("serve: {port: 1}", encoding="utf-8")
    (tmp_path / "other.yaml").write_text("serve: {port: 2}", encoding="utf-8")
    assert load_config(environ={}).serve.port == 1
    assert load_config(environ={"YIWANG_CONFIG": "other.yaml"}).serve.port == 2


def test_a_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(DocumentError, match="can't be read"):
        load_config(tmp_path / "absent.yaml", {})


def test_an_unknown_security_key_is_named_with_the_nearest_one(tmp_path):
    said = problem(tmp_path, "kafka: {security: {ssl_cafil: /ca.pem}}")
    assert "`kafka.security.ssl_cafil`" in said
    assert "Did you mean `kafka.security.ssl_cafile`?" in said
