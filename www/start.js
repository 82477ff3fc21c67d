/**
 * What has to be done before anything else, in a classic script in the language of old browsers, for those have to read it: decides for the
 * language of the page, before it is drawn, and says what is wrong where the page's modules cannot even start, because a file did not
 * come or the browser does not know modules. The texts for that stand here: the catalogues are modules.
 */
(function () {
  "use strict";
  var NEEDED = {
    en: "Dragoman needs Chrome or Edge 100, Firefox 114, Safari 16.4, or newer.",
    zh: "Dragoman 需要 Chrome 或 Edge 100、Firefox 114、Safari 16.4 或更高版本。"
  };
  var TEXTS = {
    en: {
      incomplete: "The page could not be loaded completely.",
      connect: "Connect to the network and reload it. If that does not help, the browser may be too old: " + NEEDED.en,
      old: "This browser is too old for the translator.",
      reload: "Reload"
    },
    zh: {
      incomplete: "页面未能完整加载。",
      connect: "请连接网络后重新加载。如果仍然不行，可能是浏览器版本过旧：" + NEEDED.zh,
      old: "此浏览器版本过旧，无法运行翻译引擎。",
      reload: "重新加载"
    }
  };
  var root = document.documentElement;
  var started = false;

  /** The language that was chosen, or else the first one of the user's that there is. */
  function languageOfPage() {
    try {
      // Where page-text.js keeps it.
      var kept = localStorage.getItem("dragoman.language");
      if (kept === "en" || kept === "zh") return kept;
    } catch (_) {
      // Blocked.
    }
    var wanted = navigator.languages || [navigator.language];
    for (var i = 0; i < wanted.length; i++) {
      var known = /^(en|zh)\b/i.exec(wanted[i]);
      if (known) return known[1].toLowerCase() === "zh" ? "zh" : "en";
    }
    return "en";
  }
  /** @type {"en" | "zh"} */
  var language = languageOfPage();
  if (language === "zh") {
    root.lang = "zh-Hans";
    root.classList.add("untranslated");
  }

  /** @param {"incomplete" | "old"} what */
  function tell(what) {
    var texts = TEXTS[language];
    var problem = document.getElementById("problem");
    var retry = document.getElementById("retry");
    var heading = document.getElementById("problem-title");
    var text = document.getElementById("problem-advice");
    var empty = document.getElementById("empty");
    root.classList.remove("untranslated");
    if (started || !problem || !retry || !heading || !text) return;
    heading.textContent = texts[what];
    text.textContent = what === "old" ? NEEDED[language] : texts.connect;
    problem.hidden = false;
    if (empty) empty.hidden = true;
    retry.textContent = texts.reload;
    retry.onclick = function () {
      var source = document.getElementById("source");
      try {
        // Where draft.js looks for it.
        if (source instanceof HTMLTextAreaElement && source.value) sessionStorage.setItem("dragoman.text", source.value);
      } catch (_) {
        // Blocked or full.
      }
      location.reload();
    };
  }

  addEventListener("dragoman-started", function () {
    started = true;
  });

  // Files that do not come are told to their element, and only while the event is on its way down.
  addEventListener(
    "error",
    function (event) {
      if (!(event.target instanceof HTMLScriptElement || event instanceof ErrorEvent)) return;
      tell("incomplete");
    },
    true
  );

  if (!("noModule" in document.createElement("script"))) {
    document.addEventListener("DOMContentLoaded", function () {
      tell("old");
    });
  }
})();
