import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clip_reference import (
    ClipId,
    MessageLink,
    ShortLink,
    SongReference,
    file_id,
    find_clip_id,
    is_file_id,
    parse_clip_reference,
    suno_url,
)

ID = "3d31d5c2-4c6a-4b1e-9d2f-0a1b2c3d4e5f"
CHANNELS = "https://discord.com/channels"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        ID.upper(),
        f"  {ID}\n",
        f"https://suno.com/song/{ID}",
        f"http://suno.com/song/{ID}/",
        f"suno.com/song/{ID}",
        f"https://www.suno.com/song/{ID}",
        f"https://app.suno.ai/song/{ID}",
        f"https://suno.com/embed/{ID}",
        f"https://suno.com/s/{ID}",
        f"<https://suno.com/song/{ID}>",
        f"< https://suno.com/song/{ID} >",
        f"https://suno.com/song/{ID}?sh=aBcD123&time=4",
        f"https://suno.com/song/{ID}#lyrics",
        f"HTTPS://SUNO.COM/SONG/{ID.upper()}",
    ],
)
def test_clip_id_and_song_link_are_clip_ids(text: str) -> None:
    assert parse_clip_reference(text) == ClipId(ID)


def test_clip_id_of_an_upload_keeps_its_prefix() -> None:
    assert parse_clip_reference(f"m_{ID}") == ClipId(f"m_{ID}")


@pytest.mark.parametrize(
    "text",
    [
        f"{CHANNELS}/11/22/123456789012345678",
        f"{CHANNELS}/@me/22/123456789012345678",
        "https://ptb.discord.com/channels/11/22/123456789012345678/",
        "https://canary.discordapp.com/channels/11/22/123456789012345678",
        "<discord.com/channels/11/22/123456789012345678>",
    ],
)
def test_message_link_is_a_message(text: str) -> None:
    assert parse_clip_reference(text) == MessageLink(123456789012345678)


@pytest.mark.parametrize("text", ["https://suno.com/s/aBcD-1_2", "suno.com/s/x?y=z"])
def test_short_link_is_a_short_link(text: str) -> None:
    assert parse_clip_reference(text) == ShortLink()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Electric Dreams",
        ID[:-1],
        ID + "0",
        f"{ID} {ID}",
        f"listen: https://suno.com/song/{ID}",
        f"https://suno.com/playlist/{ID}",
        f"https://suno.com.example/song/{ID}",
        f"https://example.com/suno.com/song/{ID}",
        f"{CHANNELS}/11/22",
        f"{CHANNELS}/11/22/12345",
        f"{CHANNELS}/11/22/١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨",
    ],
)
def test_other_text_is_no_reference(text: str) -> None:
    assert parse_clip_reference(text) is None


@pytest.mark.parametrize("message_id", [2**63, 99999999999999999999])
def test_impossible_message_id_is_no_reference(message_id: int) -> None:
    assert parse_clip_reference(f"{CHANNELS}/11/22/{message_id}") is None


def test_greatest_message_id_is_a_message() -> None:
    assert parse_clip_reference(f"{CHANNELS}/1/2/{2**63 - 1}") == MessageLink(2**63 - 1)


@given(st.text() | st.from_regex(r"(https://)?(discord\.com|suno\.com)/[\w/@-]*\d*"))
def test_parse_clip_reference_never_raises(text: str) -> None:
    match parse_clip_reference(text):
        case MessageLink(message_id):
            assert 0 < message_id < 2**63
        case ClipId(value):
            assert value == value.lower()
        case nothing_to_find:
            assert nothing_to_find in (None, ShortLink())


@given(st.uuids(), st.sampled_from(["{}", "<{}>", "suno.com/song/{}", "https://suno.ai/s/{}?a=b"]))
def test_clip_id_is_found_in_every_wrapping(clip_id: object, wrapping: str) -> None:
    assert parse_clip_reference(wrapping.format(clip_id)) == ClipId(str(clip_id))


# Anywhere in a text


OTHER_ID = ID.replace("3d31", "aaaa")


@pytest.mark.parametrize(
    ("text", "clip_id"),
    [
        (f"listen: https://suno.com/song/{ID.upper()}?sh=1 !", ID),
        (f"[my song](https://suno.com/song/{ID})", ID),
        (f"the clip `{ID}`, finally", ID),
        (f"https://cdn1.suno.ai/{ID}.mp3", ID),
        (f"https://cdn2.suno.ai/image_{ID}.jpeg", ID),
        (f"m_{ID} was uploaded", f"m_{ID}"),
        (f"{ID} {OTHER_ID}", ID),
        (f"{OTHER_ID}, or rather https://suno.com/song/{ID}", ID),
    ],
)
def test_find_clip_id_finds_the_first_in_a_text(text: str, clip_id: str) -> None:
    assert find_clip_id(text) == clip_id


@pytest.mark.parametrize(
    "text", ["", "no song here", ID[:-1], "https://suno.com/s/aBcD", "https://suno.com/@someone"]
)
def test_find_clip_id_without_a_clip_is_none(text: str) -> None:
    assert find_clip_id(text) is None


@pytest.mark.parametrize("text", [f"{ID}0", f"0{ID}", f"x{ID}", f"https://suno.com/song/{ID}00"])
def test_find_clip_id_ignores_parts_of_longer_words(text: str) -> None:
    assert find_clip_id(text) is None


def test_find_clip_id_takes_no_end_of_a_word_as_upload_prefix() -> None:
    assert find_clip_id(f"from_{ID}") == ID


@given(st.text(), st.uuids(), st.text())
def test_found_clip_id_is_in_the_text_and_parses(before: str, clip_id: object, after: str) -> None:
    text = f"{before} {clip_id} {after}"
    found = find_clip_id(text)
    assert found is not None
    assert found in text.lower()
    assert parse_clip_reference(found) == ClipId(found)


@given(st.text(), st.text())
def test_surrounding_text_never_hides_a_link(before: str, after: str) -> None:
    assert find_clip_id(f"{before} https://suno.com/song/{ID} {after}") == ID


def test_full_song_is_referred_to_by_its_extension() -> None:
    assert str(SongReference(12)) == "song-12"
    assert parse_clip_reference("song-12") == SongReference(12)
    assert parse_clip_reference("song-x") is None


@pytest.mark.parametrize("clip_id", [f"m_{ID}", "task-7", f"{ID}x", ""])
def test_only_clips_of_suno_have_a_page_there(clip_id: str) -> None:
    assert suno_url(ID) == f"https://suno.com/song/{ID}"
    assert suno_url(clip_id) is None


def test_uploaded_file_is_referred_to_by_its_content() -> None:
    clip_id = file_id("0123456789abcdef" * 4)
    assert clip_id == "file-0123456789abcdef0123456789abcdef"
    assert is_file_id(clip_id)
    assert parse_clip_reference(clip_id.upper()) == ClipId(clip_id)
    assert not is_file_id("file-0123")
    assert parse_clip_reference("file-0123") is None
