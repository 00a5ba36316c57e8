/** What is offered below the film once it is over: to see it again, and to the owner another one and the closing of the room. */

/** With so much of it left the film is as good as over: not every player gets to its very end. */
const OVER_S = 0.5;

const together = document.getElementById("together");
const video = together.querySelector("video");
const offer = document.getElementById("film-over");
const again = document.getElementById("again");

function show() {
  again.hidden = !together.mayControl;
  const offers = [...offer.children].some((one) => !one.hidden);
  offer.hidden = !offers || together.endReason !== null || !(video.duration - video.currentTime < OVER_S);
}

again.addEventListener("click", () => {
  // In the film's last moments it still plays for the room, so that to play it alone would change nothing.
  together.seek(0).then(() => together.play()).catch(() => {}); // the widget says why not
});
for (const type of ["timeupdate", "ended", "emptied"]) video.addEventListener(type, show);
for (const type of ["mt-state", "mt-status"]) together.addEventListener(type, show);
