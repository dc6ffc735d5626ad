// When the read position is told to the server. Pure.
//
// A row counts as read when it stood in a visible, focused window before somebody who moved lately. What was seen is collected, and sent when ten messages
// have come together or a second has passed, so that a busy group costs one request a second and not one a message.

const messagesPerReport = 10;
export const reportAfterMilliseconds = 1_000;

/** Whether rows on the screen are being seen by a person. */
export function attentive({ visible, focused, active = true }) {
  return visible && focused && active;
}

/** What to do when everything up to `sequence` has been seen: `none`, `later` (within the second) or `now`. */
export function report(reported, sequence, timerRuns) {
  if (sequence <= reported) return 'none';
  if (sequence - reported >= messagesPerReport) return 'now';
  return timerRuns ? 'none' : 'later';
}
