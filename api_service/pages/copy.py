"""Copy outside the templates: problems explained to people, and the texts of the pages' scripts."""

from __future__ import annotations

from collections.abc import Callable

from api_service.language import Language

Gettext = Callable[[str], str]


def of_problem(code: str, status: int, here: Language) -> tuple[str, str]:
    """Return a problem's title and what one can do about it; of an unknown code, by its status."""
    by_status = "internal_error" if status >= 500 else "not_found" if status == 404 else "bad_request"
    return explanation(code, here) or _problems(here.gettext)[by_status]


def explanation(code: str, here: Language) -> tuple[str, str] | None:
    """Return a code's title and what one can do about it, or None for an unknown code."""
    return _problems(here.gettext).get(code)


def of_scripts(here: Language) -> dict[str, str]:
    """Return the texts of the pages' scripts by name; a problem's are `problem.<code>` and `problem.<code>.text`."""
    texts = _scripts(here.gettext)
    for code, (title, text) in _problems(here.gettext).items():
        texts[f"problem.{code}"] = title
        texts[f"problem.{code}.text"] = text
    return texts


def _problems(_: Gettext) -> dict[str, tuple[str, str]]:
    return {
        "not_found": (
            _("There is no such page"),
            _("Perhaps the address was cut short. Check it, or start from the films."),
        ),
        "film_not_found": (_("There is no such film"), _("It may have left the catalogue. Look for another one.")),
        "room_not_found": (
            _("There is no such room for you"),
            _("Perhaps the link was cut short, or the room is only for those invited: ask whoever sent the link."),
        ),
        "room_closed": (_("The room is closed"), _("Its owner has ended the screening. Open a room of your own.")),
        "not_room_owner": (_("Only the owner may do this"), _("Ask the room's owner.")),
        "not_room_moderator": (
            _("Only the owner and moderators may do this"),
            _("Ask the room's owner, or one of its moderators."),
        ),
        "banned": (
            _("You have been banned from this room"),
            _("Its owner or a moderator has shut the door. Ask the owner to let you in again, or open your own room."),
        ),
        "email_invitations_off": (
            _("Nobody is invited by e-mail here"),
            _("Invite friends, or send them the link yourself."),
        ),
        "not_entitled": (
            _("The cinema does not let you in"),
            _("This film is not among those that you may watch. Ask the cinema's support."),
        ),
        "entitlement_unavailable": (
            _("The cinema does not answer"),
            _("It has not said yet whether you may watch this film. Try again in a few seconds."),
        ),
        "cannot_ban": (
            _("This person cannot be banned"),
            _("Nobody bans the owner or themselves, and only the owner bans a moderator."),
        ),
        "cannot_transfer": (
            _("The room cannot go to this person"),
            _("Choose a friend, or somebody who is invited or has been in it, and is not banned."),
        ),
        "room_begun": (
            _("Somebody has been in this room already"),
            _("Its film stays. Open a new room for another film."),
        ),
        "others_not_entitled": (
            _("Not everyone here may watch this film"),
            _("Choose another one, or watch it in a room of its own."),
        ),
        "film_unavailable": (
            _("The film is not shown at that time"),
            _("Choose another time, or another film."),
        ),
        "not_there": (
            _("You were not in this room"),
            _("What happened in a room is for its owner and for those who were there. Enter it first."),
        ),
        "guest_banned": (
            _("Somebody here is banned from the room"),
            _("Lift the ban first, or invite the others without them."),
        ),
        "person_not_found": (_("There is no such person"), _("They may have left. Reload the page.")),
        "not_friends": (_("Not friends yet"), _("You can invite friends who have accepted. Reload the page.")),
        "friend_yourself": (_("This is you"), _("Give the address of somebody else.")),
        "invitation_not_found": (_("There is no such invitation"), _("Reload the page to see which there are.")),
        "invitation_over": (
            _("This invitation is over"),
            _("It was declined or taken back, or the screening is over. Reload the page."),
        ),
        "room_changed": (_("The room was changed meanwhile"), _("Reload the page to see how it is now.")),
        "limit_reached": (_("Too often"), _("You have done this many times just now. Wait a while and try again.")),
        "invalid_fields": (_("Something is filled in wrong"), _("Check the fields and try again.")),
        "invalid_cursor": (_("This part of the list is gone"), _("Start again from the beginning of the list.")),
        "bad_request": (_("This request cannot be understood"), _("Go back and try again.")),
        "method_not_allowed": (_("This address does not take that"), _("Start from the films.")),
        "forbidden": (_("You may not see this"), _("Sign in with another account, or ask whoever sent the link.")),
        "cross_site_request": (_("This came from another site"), _("Open the page here and do it again.")),
        "sign_in_required": (_("Please sign in"), _("Your sign-in has run out. Sign in and you will come back here.")),
        "account_blocked": (
            _("The cinema has blocked this account"),
            _("Ask its support what happened. Another account can sign in."),
        ),
        "sign_in_denied": (_("You did not sign in"), _("The sign-in was called off. Nothing happened; try again.")),
        "sign_in_expired": (
            _("This sign-in is too old"),
            _("It was used already or began in another browser. Try again."),
        ),
        "sign_in_failed": (_("Signing in did not work"), _("The sign-in service gave a wrong answer. Try again.")),
        "identity_unavailable": (
            _("Signing in is out of order"),
            _("The sign-in service does not answer. Whoever is signed in stays so; try again in a few seconds."),
        ),
        "database_unavailable": (
            _("We will be right back"),
            _("Our database does not answer just now. Rooms that are open go on; try again in a moment."),
        ),
        "deadline_exceeded": (_("This took too long"), _("We are busier than usual. Try again in a moment.")),
        "internal_error": (_("Something broke on our side"), _("It has been noted. Try again a little later.")),
    }


def _scripts(_: Gettext) -> dict[str, str]:
    return {
        "offline": _("No connection"),
        "offline.text": _("The site does not answer. Check your network and try again."),
        "close": _("Close"),
        "sign_in": _("Sign in"),
        "want": _("Want to watch"),
        "copied": _("The link is copied"),
        "copied.text": _("Send it to whom you like."),
        "copy_failed": _("The link could not be copied"),
        "copy_failed.text": _("Select it and copy it by hand."),
        "nobody_wants": _(
            "None of your friends has marked this film yet. Invite whom you like, or send the link yourself."
        ),
        "no_friends": _("You have no friends here yet: open a room and send the link yourself."),
        "some_want": _("These friends want to watch it too. Choose whom to invite."),
        "open_alone": _("Open a room"),
        "open_with": _("Open a room and invite: %(n)s"),
        "choose_time": _("Choose a day and a time that are still to come."),
        "asked": _("The request is sent"),
        "asked.text": _("%(name)s will see it on their page of friends."),
        "accepted": _("You are friends now"),
        "accepted.text": _("%(name)s and you see what each wants to watch."),
        "already_friends": _("%(name)s is your friend already."),
        "email_invalid": _("This does not look like an e-mail address."),
        "email_unknown": _("Nobody signs in here with this address. Invite them to the site, or check the spelling."),
        "email_yours": _("This is your own address."),
        "remove_name": _("Remove %(name)s from friends?"),
        "invited": _("The letters are on their way"),
        "invited.text": _("Those invited get the link by e-mail."),
        "invitation.pending": _("invited already"),
        "invitation.sent": _("the letter is on its way"),
        "invitation.delivered": _("the letter has arrived"),
        "invitation.failed": _("the letter could not be delivered"),
        "invitation.accepted": _("is coming"),
        "invitation.declined": _("is not coming"),
        "invitation.expired": _("invited already"),
        "invitation.moderates": _("will moderate the room"),
        "invitation.do.resend": _("Send again"),
        "invitation.do.revoke": _("Take back"),
        "invitation.do.moderator": _("Make a moderator"),
        "invitation.done.resend": _("The letter is sent again"),
        "invitation.done.revoke": _("The invitation is taken back"),
        "invitation.done.moderator": _("They will moderate the room"),
        "invitation.done.moderator_inside": _("They have been here: make them a moderator in the room itself"),
        "muted": _("No more letters about these rooms"),
        "muted.text": _("Whoever invites you is not told."),
        "unmuted": _("Letters come again"),
        "unmuted.text": _("You get them when you are invited."),
        "all_invited": _("All your friends are invited already."),
        "invite.locked": _("The room is locked: nobody new comes in until somebody inside unlocks it."),
        "invite.full": _("The room is full: somebody new comes in only once somebody has left."),
        "line.live": _("Connected"),
        "line.connecting": _("Entering the room…"),
        "line.lost": _("Connection lost, coming back…"),
        "line.closed": _("The room is closed"),
        "line.stopped": _("Not in the room"),
        "film.choose": _("Watch this one"),
        "arranged": _("The room is changed"),
        "ban_name": _("Ban %(name)s from the room?"),
        "ban_lifted": _("%(name)s may come in again"),
        "lift_ban": _("Let in again"),
        "answered.accepted": _("You are coming."),
        "answered.declined": _("You are not coming, and will not be reminded."),
        "no_heirs": _("Nobody else is here, and you have no friends here yet."),
    }
