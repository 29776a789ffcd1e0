"""The faults that the page's panel offers, in words, grouped by what a member sees.

The groups hold for a fault of a submission; on suno-api, which can be asked afterwards, some turn
out better.
"""

from sandbox.discord.protocol import JsonObject
from sandbox.providers.faults import REQUEST_FAULTS, Fault

GROUPS: dict[str, dict[Fault, str]] = {
    "Member is asked to change the request": {
        Fault.BAD_REQUEST: "Refuses the lyrics (400)",
        Fault.FORBIDDEN_MODERATION: "Refuses the lyrics (403)",
        Fault.UNPROCESSABLE: "Refuses the request (422)",
        Fault.EMPTY_CLIPS: "Accepts it, but makes no clips",
    },
    "Member is told that the operator has to act": {
        Fault.PAYMENT_REQUIRED: "Out of credits (402)",
        Fault.FORBIDDEN_CREDITS: "Out of credits (403)",
        Fault.UNAUTHORIZED: "Refuses the key (401)",
        Fault.HTML_NOT_FOUND: "Answers a web page (404): wrong address",
    },
    "No clear answer: never sent twice": {
        Fault.SERVER_ERROR: "Internal error (500)",
        Fault.BAD_GATEWAY: "Bad gateway (502)",
        Fault.HTML_BAD_GATEWAY: "Bad gateway (502), as a web page",
        Fault.UNAVAILABLE: "Unavailable (503)",
        Fault.GATEWAY_TIMEOUT: "Gateway timeout (504)",
        Fault.ERROR_BODY: "Error in a successful answer (200)",
        Fault.INVALID_JSON: "Makes it, answers broken JSON",
        Fault.HTML_PAGE: "Makes it, answers a web page",
        Fault.CLOSE_BEFORE: "Hangs up before the work",
        Fault.CLOSE_AFTER: "Makes it, hangs up without an answer",
        Fault.HANG_BEFORE: "Never answers, makes nothing",
        Fault.HANG_AFTER: "Never answers, but makes it",
    },
    "Clips come to nothing, or to half": {
        Fault.ERROR_CLIPS: "Both clips fail",
        Fault.TWIN_FAILS: "One of the two clips fails",
        Fault.NEVER_FINISHES: "Never finishes; given up in 1 to 2 minutes",
        Fault.NONE_MP3: "Link to None.mp3",
        Fault.FORBIDDEN_LINK: "Link that is forbidden",
        Fault.EMPTY_AUDIO_URL: "No link at all",
    },
    "Nothing: Encore asks again": {
        Fault.RATE_LIMITED: "Too many requests (429)",
        Fault.RATE_LIMITED_SECONDS: "Too many requests (429), wait 2 s",
        Fault.RATE_LIMITED_DATE: "Too many requests (429), wait until a date",
        Fault.MISSING_ID: "Polling: leaves a clip out",
        Fault.UNKNOWN_STATUS: "Polling: a status that nobody knows",
    },
    "Only suno-api answers like this": {
        Fault.SESSION_ENDED: "Session of the account has ended",
        Fault.SESSION_GONE: "Session of the account is gone (404)",
        Fault.NO_BROWSER: "No browser to solve the captcha",
        Fault.CAPTCHA_HANGS: "Hangs at the captcha",
        Fault.SLOW_BUT_MADE: "Answers too late, but makes it (503)",
        Fault.CONTINUE_AT_REQUIRED: "Wants a number to continue at",
    },
}
OTHERS = "Others"


def fault_name(fault: str) -> str:
    """Return a fault in words."""
    for labels in GROUPS.values():
        if fault in labels:
            return labels[Fault(fault)]
    return fault.replace("_", " ").capitalize()


def fault_choices() -> list[JsonObject]:
    """Return the groups with their faults, in the order of the panel.

    ``on_request`` says that it matters whether a submission or polling fails.
    """
    named = {fault for labels in GROUPS.values() for fault in labels}
    others = [fault for fault in Fault if fault not in named]
    groups = {label: [*labels] for label, labels in GROUPS.items()} | {OTHERS: others}
    return [
        {
            "label": label,
            "faults": [
                {
                    "name": str(fault),
                    "label": fault_name(fault),
                    "on_request": fault in REQUEST_FAULTS,
                }
                for fault in faults
            ],
        }
        for label, faults in groups.items()
        if faults
    ]
