"""The faces on the web: what comes in over HTTP. They ask and show, nothing more."""
