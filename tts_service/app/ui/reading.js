// Shows how each sentence will be read, a word at a time; a click on a word opens its reading for correction.
const box = element.querySelector(".tts-reading");

function word(item, segment, index) {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.className = "tts-word" + (item.given ? " tts-given" : "");
  chip.title = box.dataset.hint;
  chip.dataset.place = `${segment}-${index}`;
  const reading = document.createElement("i"), text = document.createElement("b");
  reading.textContent = item.reading;
  text.textContent = item.text;
  chip.append(reading, text);
  if (item.editable) chip.addEventListener("click", () => edit(chip, item, segment, index));
  else chip.disabled = true;
  return chip;
}

function edit(chip, item, segment, index) {
  const field = document.createElement("input"), text = document.createElement("b"), frame = document.createElement("span");
  frame.className = "tts-word tts-edit";
  field.value = item.reading;
  field.size = Math.max(6, item.reading.length + 1);
  field.setAttribute("aria-label", `${item.text} ${box.dataset.hint}`);
  field.autocapitalize = "off"; field.autocomplete = "off"; field.spellcheck = false;
  text.textContent = item.text;
  frame.append(field, text);
  chip.replaceWith(frame);
  let over = false;
  const end = (keep) => {
    if (over) return;
    over = true;
    const reading = field.value.trim();
    frame.replaceWith(chip);
    if (keep && reading !== item.reading) trigger("correct", {segment, word: index, reading});
  };
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" || event.key === "Escape") { event.preventDefault(); end(event.key === "Enter"); }
  });
  field.addEventListener("blur", () => end(true));
  field.focus();
  field.select();
}

function render() {
  const segments = props.value || [];
  box.classList.toggle("tts-none", !segments.length);
  box.replaceChildren(...segments.map((segment, number) => {
    const row = document.createElement("div"), count = document.createElement("em");
    row.className = "tts-segment";
    count.textContent = number + 1;
    row.append(count);
    segment.words.forEach((item, index) => {
      row.append(word(item, number, index));
      if (item.pause) { const sign = document.createElement("s"); sign.textContent = item.pause; row.append(sign); }
    });
    return row;
  }));
  if (!segments.length) box.textContent = box.dataset.empty;
}

watch("value", render);
render();
