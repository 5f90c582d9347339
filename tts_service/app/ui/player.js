// Plays a sound while it is still being made, and draws it. `value` says where the samples lie (16-bit, mono) and how
// many bytes there are by now; they are fetched in ranges, so that no update can be missed.
const player = element.querySelector(".tts-player");
const canvas = player.querySelector("canvas");
const button = player.querySelector(".tts-play");
const clock = player.querySelector(".tts-clock");
const save = player.querySelector(".tts-save");
const STEP = 0.01; // seconds for one peak
let key = null, rate = 22050, pieces = [], peaks = [], total = 0, loaded = 0, pumping = false;
let playing = false, base = 0, position = 0, sources = new Set(), frame = 0;

function audio() {
  window.ttsAudio ||= new AudioContext();
  return window.ttsAudio;
}

function at() {
  return playing ? Math.max(0, Math.min(audio().currentTime - base, total)) : position;
}

function finished() {
  const value = props.value;
  return Boolean(value && value.done && loaded >= value.size);
}

function reset(value) {
  stop();
  key = value.key; rate = value.rate; pieces = []; peaks = []; total = 0; loaded = 0; position = 0;
  player.dataset.pieces = 0;
  player.dataset.begun = "";
}

function stop() {
  for (const source of sources) { source.onended = null; source.stop(); }
  sources.clear();
  playing = false;
}

function schedule(piece, from) {
  const context = audio(), source = context.createBufferSource();
  source.buffer = piece.buffer;
  source.connect(context.destination);
  const offset = Math.max(0, from - piece.at);
  let when = base + piece.at + offset;
  if (when < context.currentTime) { base += context.currentTime - when + 0.02; when = context.currentTime + 0.02; }
  source.start(when, offset);
  sources.add(source);
  source.onended = () => sources.delete(source);
}

async function play(from) {
  const context = audio();
  stop();
  if (context.state !== "running") {
    await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 3000))]);
    if (context.state !== "running") { position = from; show(); return; } // the browser wants a click first
  }
  window.dispatchEvent(new CustomEvent("tts-play", {detail: player}));
  base = context.currentTime + 0.03 - from;
  playing = true;
  player.dataset.begun ||= props.value.done ? "whole" : "live";
  for (const piece of pieces) if (piece.at + piece.buffer.duration > from) schedule(piece, from);
  show();
}

function pause() {
  position = at();
  stop();
  show();
}

function take(bytes) {
  const samples = new Int16Array(bytes, 0, bytes.byteLength >> 1);
  if (!samples.length) return;
  const buffer = audio().createBuffer(1, samples.length, rate), data = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++) data[i] = samples[i] / 32768;
  const step = Math.round(rate * STEP);
  for (let i = 0; i < data.length; i += step) {
    let peak = 0;
    for (let j = i; j < Math.min(i + step, data.length); j++) peak = Math.max(peak, Math.abs(data[j]));
    peaks.push(peak);
  }
  const piece = {at: total, buffer};
  pieces.push(piece);
  total += buffer.duration;
  loaded += samples.length * 2;
  player.dataset.pieces = pieces.length;
  if (playing) schedule(piece, 0);
}

async function pump() {
  if (props.value && props.value.stopped && props.value.key === key && playing) pause();
  if (pumping) return;
  pumping = true;
  let missed = 0;
  try {
    while (props.value && (props.value.key !== key || loaded < props.value.size)) {
      const value = props.value;
      if (value.key !== key) {
        reset(value);
        if (value.play) play(0);
      }
      if (loaded >= value.size) break;
      const range = `bytes=${value.skip + loaded}-${value.skip + value.size - 1}`;
      const answer = await fetch(value.url, {headers: {Range: range}}).catch(() => null);
      const bytes = answer && answer.status === 206 ? await answer.arrayBuffer() : null;
      if (props.value.key !== key) continue;
      if (bytes) { take(bytes); show(); }
      else if (props.value.url === value.url && (!value.done || ++missed > 3)) break; // the next update comes with news
    }
  } finally {
    pumping = false;
    show();
  }
}

function time(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function show() {
  const value = props.value;
  player.dataset.state = !value ? "empty" : finished() ? "done" : "live";
  player.classList.toggle("tts-playing", playing);
  button.disabled = !pieces.length;
  button.setAttribute("aria-label", playing ? button.dataset.pause : button.dataset.play);
  clock.textContent = `${time(at())} / ${time(total)}`;
  save.hidden = !(value && value.done);
  if (!save.hidden) { save.href = value.url; save.download = value.name; }
  canvas.id = finished() ? "waveform" : "";
  draw();
  if (playing) {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(follow);
  }
}

function follow() {
  if (!playing) return;
  if (finished() && audio().currentTime - base >= total) { stop(); position = 0; show(); return; }
  clock.textContent = `${time(at())} / ${time(total)}`;
  draw();
  frame = requestAnimationFrame(follow);
}

function draw() {
  const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width) return;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d"), look = getComputedStyle(player);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const bars = Math.floor(width / 4), heard = total ? at() / total : 0;
  for (let bar = 0; bar < bars; bar++) {
    let peak = 0;
    const first = Math.floor(bar * peaks.length / bars), last = Math.floor((bar + 1) * peaks.length / bars);
    for (let i = first; i < Math.max(last, first + 1); i++) peak = Math.max(peak, peaks[i] || 0);
    const tall = Math.max(2, Math.sqrt(peak) * height * 0.96);
    pen.fillStyle = look.getPropertyValue(total && (bar + 0.5) / bars <= heard ? "--tts-heard" : "--tts-wave");
    pen.beginPath();
    pen.roundRect(bar * 4, (height - tall) / 2, 2.4, tall, 1.2);
    pen.fill();
  }
}

button.addEventListener("click", () => (playing ? pause() : play(position >= total ? 0 : position)));
canvas.addEventListener("click", (event) => {
  if (!total) return;
  position = event.offsetX / canvas.clientWidth * total;
  if (playing) play(position); else show();
});
window.addEventListener("tts-play", (event) => { if (event.detail !== player && playing) pause(); });
new ResizeObserver(() => draw()).observe(canvas);
watch("value", pump);
pump();
