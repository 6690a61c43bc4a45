"""Whether a preview is what it has to be, as a viewer sees it."""
