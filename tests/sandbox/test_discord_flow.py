async def test_a_command_opens_a_modal_whose_submission_becomes_a_message(server, bot):
    ada = server.member("Ada")
    call = await ada.slash("extend", clip="elegy", at="2:04")
    assert call.modal.title == "A song"
    sent = await ada.submit(call.modal, {"lyrics": "la la"})
    assert sent.message.embeds[0]["title"] == "elegy"
    assert sent.message.embeds[0]["description"] == "la la"
    assert sent.message.embeds[0]["fields"][0]["value"] == "jazz"
    assert ada.read() == [sent.message]
    assert server.violations == []
