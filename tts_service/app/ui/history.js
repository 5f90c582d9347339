// The visitor's own sounds, newest first: play, take over into the form, save.
const list = element.querySelector(".tts-history");

function tool(label, className, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = className;
  button.textContent = label;
  button.addEventListener("click", action);
  return button;
}

function render() {
  const entries = props.value || [];
  list.replaceChildren(...entries.map((entry) => {
    const row = document.createElement("div"), words = document.createElement("div"), facts = document.createElement("div");
    const tools = document.createElement("div"), text = document.createElement("p"), save = document.createElement("a");
    row.className = "tts-entry"; words.className = "tts-entry-words"; tools.className = "tts-entry-tools";
    text.textContent = entry.text;
    facts.className = "tts-entry-facts";
    facts.textContent = [new Date(entry.made * 1000).toLocaleTimeString(document.documentElement.lang), ...entry.facts].join(" · ");
    words.append(text, facts);
    save.className = "tts-tool"; save.href = entry.url; save.download = entry.name; save.textContent = list.dataset.save;
    tools.append(
      tool(list.dataset.play, "tts-tool tts-replay", () => trigger("replay", {id: entry.id})),
      tool(list.dataset.refill, "tts-tool tts-refill", () => trigger("refill", {id: entry.id})),
      save,
    );
    row.append(words, tools);
    return row;
  }));
  list.classList.toggle("tts-none", !entries.length);
  if (!entries.length) list.textContent = list.dataset.empty;
}

watch("value", render);
render();
