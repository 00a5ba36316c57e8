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
            _("Page not found"),
            _("Perhaps the address was cut short. Check it, or start from the films."),
        ),
        "film_not_found": (_("Film not found"), _("It may have been removed from the catalogue. Choose another one.")),
        "room_not_found": (
            _("Room not found, or closed to you"),
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
            _("The owner or a moderator decided so. Ask the owner to lift the ban, or open a room of your own."),
        ),
        "guests_off": (
            _("Guests cannot join this room now"),
            _("Sign in to join, or ask the owner to allow guests."),
        ),
        "email_invitations_off": (
            _("Invitations by email are off here"),
            _("Invite friends, or send them the link yourself."),
        ),
        "not_entitled": (
            _("The cinema gives you no access"),
            _("This film is not available to you. Ask the cinema's support."),
        ),
        "entitlement_unavailable": (
            _("The cinema is not responding"),
            _("It has not said yet whether you can watch this film. Try again in a few seconds."),
        ),
        "no_source": (
            _("This film does not play here"),
            _("Watch it on the cinema's own page."),
        ),
        "source_unavailable": (
            _("The cinema is not responding"),
            _("It has not said yet where this film plays. Try again in a few seconds."),
        ),
        "cannot_ban": (
            _("This person cannot be banned"),
            _("Nobody can ban the owner or themselves, and only the owner can ban a moderator."),
        ),
        "cannot_transfer": (
            _("The room cannot be handed over to this person"),
            _("Choose a friend, or somebody who is invited or has been in the room, and is not banned."),
        ),
        "room_begun": (
            _("Somebody has been in this room already"),
            _("Its film stays. Open a new room for another film."),
        ),
        "others_not_entitled": (
            _("Not everyone here can watch this film"),
            _("Choose another one, or watch it in a room of its own."),
        ),
        "film_unavailable": (
            _("The film is not shown at that time"),
            _("Choose another time, or another film."),
        ),
        "not_there": (
            _("You were not in this room"),
            _("Only the owner and those who were there see what happened in a room. Enter it first."),
        ),
        "guest_banned": (
            _("Somebody you chose is banned from the room"),
            _("Lift the ban first, or invite the others without them."),
        ),
        "person_not_found": (_("Person not found"), _("They may have left. Reload the page.")),
        "not_friends": (
            _("Not friends yet"),
            _("You can invite friends who have accepted your request. Reload the page."),
        ),
        "friend_yourself": (_("This is you"), _("Enter the address of somebody else.")),
        "invitation_not_found": (_("Invitation not found"), _("Reload the page to see which there are.")),
        "invitation_over": (
            _("This invitation is over"),
            _("It was declined or withdrawn, or the screening is over. Reload the page."),
        ),
        "room_changed": (_("The room has changed in the meantime"), _("Reload the page to see how it is now.")),
        "limit_reached": (_("Too often"), _("You have done this many times just now. Wait a while and try again.")),
        "invalid_fields": (_("Something is not filled in correctly"), _("Check the fields and try again.")),
        "invalid_cursor": (_("This part of the list is gone"), _("Start again from the beginning of the list.")),
        "bad_request": (_("This request cannot be understood"), _("Go back and try again.")),
        "method_not_allowed": (_("This does not work here"), _("Start from the films.")),
        "forbidden": (
            _("You have no access to this"),
            _("Sign in with another account, or ask whoever sent the link."),
        ),
        "cross_site_request": (_("This came from another site"), _("Open the page here and do it again.")),
        "sign_in_required": (_("Please sign in"), _("You have been signed out. Sign in, and you will come back here.")),
        "account_blocked": (
            _("The cinema has blocked this account"),
            _("Ask its support what happened. Another account can sign in."),
        ),
        "sign_in_denied": (_("You did not sign in"), _("You cancelled signing in. Nothing happened; try again.")),
        "sign_in_expired": (
            _("This sign-in is too old"),
            _("It was used already, or began in another browser. Try again."),
        ),
        # Not a code of the API's: the page for `sign_in_expired` where the browser has sent no cookie at all.
        "no_cookies": (
            _("Signing in needs cookies"),
            _("Your browser sent none. Allow them for this site; if you began in another browser, sign in here again."),
        ),
        "guest_no_cookies": (
            _("Joining as a guest needs cookies"),
            _("Your browser sent none. Allow them for this site, then join again."),
        ),
        "sign_in_failed": (_("Signing in did not work"), _("The sign-in service gave a wrong answer. Try again.")),
        "identity_unavailable": (
            _("Signing in does not work for now"),
            _("The sign-in service is not responding. If you are signed in, you stay so; try again in a few seconds."),
        ),
        "database_unavailable": (
            _("We will be right back"),
            _("Our database is not responding. Open rooms keep working; try again in a minute."),
        ),
        "deadline_exceeded": (_("This took too long"), _("We are busier than usual. Try again in a moment.")),
        "internal_error": (_("Something broke on our side"), _("We know about it already. Try again a little later.")),
    }


def _scripts(_: Gettext) -> dict[str, str]:
    return {
        "offline": _("No connection"),
        "offline.text": _("The site is not responding. Check your connection and try again."),
        "close": _("Close"),
        "sign_in": _("Sign in"),
        "want": _("Want to watch"),
        "watch_together": _("Watch together: %(title)s"),
        "copied": _("The link is copied"),
        "copied.text": _("Send it to anyone you like."),
        "copy_failed": _("The link could not be copied"),
        "copy_failed.text": _("Select it and copy it by hand."),
        "nobody_wants": _(
            "None of your friends has marked this film yet. Invite anyone you like, or send the link yourself."
        ),
        "no_friends": _("You have no friends here yet: open a room and send the link yourself."),
        "some_want": _("These friends want to watch it too. Choose whom to invite."),
        "open_alone": _("Open a room"),
        "open_with": _("Open a room and invite: %(n)s"),
        "choose_time": _("Choose a day and a time that are still to come."),
        "asked": _("Friend request sent"),
        "asked.text": _("%(name)s will see it on the page Friends."),
        "accepted": _("You are friends now"),
        "accepted.text": _("You and %(name)s now see what each of you wants to watch."),
        "already_friends": _("%(name)s is your friend already."),
        "email_invalid": _("This does not look like an email address."),
        "email_unknown": _("Nobody signs in here with this address. Check the spelling, or invite them to the site."),
        "email_yours": _("This is your own address."),
        "remove_name": _("Remove %(name)s from friends?"),
        "invited": _("Invitations sent"),
        "invited.text": _("The link arrives by email."),
        "invited.counts": _("Coming: %(yes)s · not coming: %(no)s · no answer yet: %(none)s"),
        "invitation.pending": _("invited already"),
        "invitation.sent": _("email on its way"),
        "invitation.delivered": _("email delivered"),
        "invitation.failed": _("email not delivered"),
        "invitation.accepted": _("is coming"),
        "invitation.declined": _("is not coming"),
        "invitation.expired": _("invited already"),
        "invitation.moderates": _("will moderate the room"),
        "invitation.do.resend": _("Send again"),
        "invitation.do.revoke": _("Withdraw"),
        "invitation.do.moderator": _("Make a moderator"),
        "invitation.done.resend": _("Email sent again"),
        "invitation.done.revoke": _("Invitation withdrawn"),
        "invitation.done.moderator": _("They will moderate the room"),
        "invitation.done.moderator_inside": _("They have been here: make them a moderator in the room itself"),
        "muted": _("No more emails about these rooms"),
        "muted.text": _("Whoever invites you is not told."),
        "unmuted": _("Emails are on again"),
        "unmuted.text": _("You get them when you are invited."),
        "all_invited": _("All your friends are invited already."),
        "invite.locked": _("The room is locked: nobody new can join until somebody inside unlocks it."),
        "invite.full": _("The room is full: nobody new can join until somebody leaves."),
        "skipped": _("%(n)s s"),
        "choices.captions": _("Captions"),
        "choices.size": _("Size of captions"),
        "choices.size.normal": _("Normal"),
        "choices.size.large": _("Large"),
        "choices.size.very_large": _("Very large"),
        "choices.size.small": _("Small"),
        "choices.colours": _("Colours of captions"),
        "choices.colours.white_on_black": _("White on black"),
        "choices.colours.yellow_on_black": _("Yellow on black"),
        "choices.colours.black_on_white": _("Black on white"),
        "choices.colours.outlined": _("White, outlined"),
        "choices.sound": _("Sound track"),
        "choices.quality": _("Quality"),
        "choices.saves": _("Save data"),
        "alerts.on": _("You will hear of messages while this page is hidden"),
        "alerts.on.text": _("By a soft sound and a notification, on this device."),
        "alerts.off": _("No more sounds and notifications"),
        "alerts.sound_only": _("By a soft sound alone: the browser allows no notifications from this site."),
        "alerts.denied": _("The browser allows no notifications from this site"),
        "alerts.denied.text": _("Allow them in the browser's settings, then switch this on again."),
        "alerts.held": _("A message about what you have not seen yet"),
        "people": _("People in the room: %(n)s"),
        "line.live": _("Connected"),
        "line.connecting": _("Entering the room…"),
        "line.lost": _("Connection lost, reconnecting…"),
        "line.closed": _("The room is closed"),
        "line.stopped": _("Not in the room"),
        "film.choose": _("Watch this one"),
        "arranged": _("Settings saved"),
        "ban_name": _("Ban %(name)s from the room?"),
        "block_name": _("Block %(name)s?"),
        "blocked": _("Blocked: %(name)s"),
        "unblocked": _("Unblocked: %(name)s"),
        "no_heirs": _("Nobody else is here, and you have no friends here yet."),
        "ban_lifted": _("%(name)s can come back"),
        "lift_ban": _("Lift the ban"),
    }
