"""The ways by which a message leaves: e-mail, a web hook, Apprise; and the ping that tells that a run was there."""
