// The waveform of a recording: shows where the sound is, and goes where it is clicked; the list of
// the call's parts does the same by keyboard.

const svg = document.querySelector(".wave svg");
const audio = document.querySelector("audio");
const place = svg?.querySelector(".place");

function width() {
  return svg.viewBox.baseVal.width;
}

function show() {
  const at = (audio.currentTime * 1000 * width()) / Number(svg.dataset.milliseconds);
  place.setAttribute("x1", at);
  place.setAttribute("x2", at);
}

for (const button of document.querySelectorAll(".parts [data-at]")) {
  button.addEventListener("click", () => {
    audio.currentTime = Number(button.dataset.at);
    audio.play();
  });
}

if (svg && audio) {
  svg.classList.add("live");
  audio.addEventListener("timeupdate", show);
  audio.addEventListener("seeking", show);
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    audio.currentTime = (share * Number(svg.dataset.milliseconds)) / 1000;
  });
}
