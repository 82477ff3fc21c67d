/** What the page says, in Simplified Chinese. */

const number = new Intl.NumberFormat("zh-Hans");

/** @param {number} amount */
const sentences = (amount) => `${number.format(amount)} 句`;

const TRY_AGAIN = "重试";
const CONNECT = "请连接网络后重试。你的文字已保留。";

/** @param {string} message */
const detail = (message) => (message ? `（${message}）` : "");

/** @type {import("./en.js").Catalogue} */
export const zh = {
  tag: "zh-Hans",

  page: {
    title: "Dragoman：在浏览器里私密翻译",
    description: "在浏览器标签页里进行中英互译。文字不会离开你的设备，离线也能用。",
    language: "界面语言",
    skip: "跳到原文输入框",
    promise: "你的文字不会离开本设备",
    update: "新版本已准备好。",
    reload: "重新加载",
    heading: "私密翻译文字",
    footer: "由一个小型神经网络在你自己的设备上翻译。无需账号，没有服务器，也不跟踪。机器翻译难免出错，重要内容请自行核对。",
  },

  gap: "",

  units: {
    characters: (amount) => `${number.format(amount)} 个字符`,
    sentences,
    milliseconds: (amount) => `${amount} 毫秒`,
    seconds: (amount) => `${amount} 秒`,
    wordsPerSecond: (amount) => `${amount} 词/秒`,
  },

  direction: (from, into) => `${from} → ${into}`,

  languages: {
    from: "源语言",
    into: "目标语言",
    swap: "交换语言",
    swapDownloads: (size) => `交换语言：需下载模型（${size}，仅此一次）`,
    swapped: "已交换语言。",
    translating: (from, into) => `现在从${from}翻译成${into}。`,
    looksLike: (name) => `这段文字看起来是${name}。`,
    accept: (name) => `从${name}翻译`,
    acceptDownloads: (name, size) => `从${name}翻译（需下载 ${size}）`,
  },

  source: {
    label: "要翻译的文字",
    placeholder: "输入或粘贴文字",
    clear: "清空",
    cleared: "已清空。",
    undo: "撤销",
    close: "关闭",
    dropped: "已换成文件中的文字。",
    noTextFile: "这里只能拖入文本文件。模型文件请拖到“添加语言”中。",
    tooLarge: "文件太大。这里可以拖入不超过 10 MB 的文本文件。",
    notDecoded: "此文件不是 UTF-8 文本。请另存为 UTF-8，或复制其中的文字粘贴到这里。",
  },

  target: {
    tryOne: "试试这些例句：",
    tryOneShort: "试试这些例句。",
    firstDownloads: (size) => `首次翻译时会下载模型（${size}），之后即可离线使用。`,
    wait: "模型只需下载一次。之后 Dragoman 打开即用，无需联网。",
    progress: "进度",
    stop: "停止",
    translate: "翻译",
    copy: "复制",
    copied: "已复制",
    copiedSaid: "已复制。",
    selected: "已选中，请手动复制",
    selectedSaid: "浏览器不允许此页面复制。译文已选中，请用键盘或菜单复制。",
    downloading: (loaded, all) => `正在下载模型（仅此一次）：${loaded} / ${all}`,
    downloadingSome: "正在下载模型（仅此一次）",
    starting: "正在启动翻译引擎",
    getting: "正在获取模型",
    translating: "正在翻译",
    done: (done, total) => `已翻译 ${number.format(done)} 句，共 ${number.format(total)} 句`,
    stopped: "已停止。",
    nothing: "没有需要翻译的内容，已原样显示。",
    ready: (amount) => `翻译完成，共 ${sentences(amount)}。`,
    translation: "译文：",
    gpuFailed: (fault) => `GPU 未能完成这次翻译，已由处理器接手：${fault}。`,
    notKept: "翻译已完成，但浏览器没有空间保存模型，下次使用时需要重新下载。",
  },

  links: {
    name: "词语对应",
    hint: "指向或轻触一个词，也可以用方向键移动，查看它对应原文的哪些词。",
    none: "这段文字里没有可以对应的词。",
    tooLong: (most) => `词语对应仅支持 ${number.format(most)} 个字符以内的文字。`,
    comesFrom: " 对应原文的 ",
    comesFromNone: " 在原文中没有明确对应的词",
    wentInto: " 对应译文的 ",
    wentIntoNone: " 在译文中没有明确对应的词",
    comma: "、",
    title: "每个词从何而来",
    explanation: "每一行是译文中的一个词；方块颜色越浓，表示模型翻译这个词时越关注原文中的那个词。",
    table: "词语之间的注意力权重（百分比）",
    more: "显示更多句子",
  },

  problems: {
    noSimd: {
      title: "此浏览器无法运行翻译引擎。",
      advice:
        "翻译引擎需要支持 SIMD 的 WebAssembly：Chrome 或 Edge 100、Firefox 114、Safari 16.4 或更高版本。请更新浏览器后重试，你的文字已保留。",
      action: TRY_AGAIN,
    },
    notLoaded: { title: "无法加载翻译引擎。", advice: CONNECT, action: TRY_AGAIN },
    notLoadedOffline: { title: "当前处于离线状态，而翻译引擎尚未保存到本设备。", advice: CONNECT, action: TRY_AGAIN },
    network: {
      title: "模型下载失败。",
      advice: "网络连接中断，或网站没有响应。你的文字已保留，请稍后重试。",
      action: TRY_AGAIN,
    },
    networkOffline: {
      title: "当前处于离线状态，而模型尚未保存到本设备。",
      advice: "模型只需下载一次，之后即可离线翻译。请连接网络后重试。",
      action: TRY_AGAIN,
    },
    data: {
      title: "下载的模型已损坏，因此未予使用。",
      advice: "它与本站公布的文件不一致，可能在传输途中被改动或截断。请重新下载。",
      action: "重新下载",
    },
    notSupported: {
      title: "没有适用于这两种语言的模型。",
      advice: "请选择其他语言，或重新加载页面，查找新的模型。",
      action: "重新加载",
    },
    noSpace: {
      title: "浏览器没有足够的空间保存模型。",
      advice: "请清理设备空间，或退出无痕模式，然后重试。",
      action: TRY_AGAIN,
    },
    notStarted: (message) => ({
      title: "无法启动翻译引擎。",
      advice: `请重试，或重新加载页面。你的文字已保留。${detail(message)}`,
      action: TRY_AGAIN,
    }),
    notStartedOffline: (message) => ({
      title: "当前处于离线状态，而翻译引擎尚未保存到本设备。",
      advice: `${CONNECT}${detail(message)}`,
      action: TRY_AGAIN,
    }),
    unexpected: (message) => ({
      title: "翻译引擎意外停止。",
      advice: `你的文字已保留。重试时会重新启动引擎。${detail(message)}`,
      action: TRY_AGAIN,
    }),
  },

  storage: {
    title: "本设备上的模型",
    intro: "翻译模型在首次用到时下载，只需一次，之后保存在此浏览器中，没有网络也能翻译。",
    draft: "你输入的文字也会保存在此浏览器中，重新加载页面不会丢失；点击“清空”即可删除。",
    ready: (size) => `${size}，可离线使用`,
    nothing: "尚未保存任何模型",
    remove: "移除",
    download: "下载",
    stop: "停止",
    stopped: "已停止。",
    addedByYou: "由你添加",
    fromSite: "本站提供",
    used: "使用中",
    ofUser: (name) => `${name}（由你添加）`,
    ofSite: (name) => `${name}（本站提供）`,
    stored: "已保存",
    notStored: "未下载",
    removed: (name, size) => `已移除“${name}”（${size}）。下次翻译时会重新下载。`,
    removedAdded: (name, size) => `已移除“${name}”（${size}）。需要时可以重新添加。`,
    downloading: (name) => `正在下载“${name}”…`,
    isReady: (name) => `“${name}”可以使用了。`,
    noSpace: (name) => `没有空间保存“${name}”。请移除其他模型，或清理设备空间。`,
    notRemoved: (name) => `未能移除“${name}”，请重试。`,
    notDownloaded: (name) => `未能下载“${name}”，请重试。`,
    notKept: "浏览器没有保存模型：可能是空间不足，或正在使用无痕窗口。下次使用时需要重新下载。",
  },

  card: {
    open: "关于此模型",
    close: "关闭",
    getting: "正在获取模型说明…",
    failed: "无法加载此模型的说明。请连接网络后重新打开。",
    inEnglish: "以下说明仅有英文版。",
  },

  add: {
    title: "添加语言",
    intro: "Dragoman 也能使用 Mozilla 为 Firefox 制作的翻译模型。和自带的模型一样，它们就在你的设备上运行。",
    download: "下载模型",
    host: (host) => `语言列表和模型来自 ${host}。你输入的任何内容都不会发送到那里。`,
    show: "显示可选语言",
    from: "源语言",
    into: "目标语言",
    start: "下载",
    stop: "停止",
    progress: "下载进度",
    files: "使用已有的文件",
    choose: "选择模型文件，或将文件拖放到此处：",
    chooseFiles: "选择文件",
    add: "添加",
    gettingList: "正在获取列表…",
    nothingNew: "没有更多可添加的语言。",
    checking: "正在检查文件…",
    stopped: "已停止。",
    noSpace: "没有空间保存此模型。请在“本设备上的模型”中移除其他模型，或清理设备空间，然后重试。",
    offline: "当前处于离线状态。请连接网络后重试。",
    failed: (kind, message) => {
      const said = new Map([
        ["NetworkError", "下载失败，请稍后重试。"],
        ["DataError", "这个模型的文件无法使用。"],
        ["NotSupportedError", "没有适用的模型，或此浏览器无法运行翻译引擎。"],
      ]);
      return `${said.get(kind) ?? "未能添加此模型。"}${detail(message)}`;
    },
    file: (name, size, role) => `${name}（${size}）：${role}`,
    roles: {
      model: "神经网络",
      sourceVocabulary: "词表",
      targetVocabulary: "目标语言词表",
      shortlist: "候选词列表",
    },
    notNeeded: "不需要",
    remove: "去掉",
    unknownLanguage: (tag) => `“${tag}”不是语言代码。英语写 en，德语写 de，中文写 zh。`,
    sameLanguage: "模型只能从一种语言翻译成另一种语言，请修改其中之一。",
    noNetwork: "缺少神经网络文件，例如 model.deen.intgemm.alphas.bin。",
    noVocabulary: "缺少词表文件，例如 vocab.deen.spm。",
  },

  engine: {
    title: "处理器与 GPU",
    with: "翻译时使用",
    auto: "自动选择更快的一个",
    autoAbout: "在本设备上测速一次后决定。单独一个短句通常不值得交给 GPU。",
    gpu: "优先使用 GPU",
    gpuAbout: "尽可能使用图形处理器；如果出错，由处理器接手。",
    cpu: "仅使用处理器",
    cpuAbout: "不使用 GPU，也不为它下载任何内容。",
    measured: "本设备的测速结果",
    atOnce: "一次翻译",
    processor: "处理器",
    graphics: "GPU",
    used: "，采用",
    check: "检查本设备",
    checkAbout: "用处理器和 GPU 分别翻译几个句子，比较结果是否一致。任何内容都不会离开本设备。",
    checkProgress: "检查进度",
    preparing: "正在准备…",
    downloading: (size) => `正在先下载模型（${size}，仅此一次）…`,
    checking: (amount) => `正在用处理器和 GPU 分别翻译 ${sentences(amount)}…`,
    notChecked: (why) => `未能完成检查：${why}`,
    gpuNotChecked: (fault) => `无法检查 GPU：${fault}。全部翻译由处理器完成。`,
    allSame: (name, amount) => `GPU${detail(name)}与处理器的译文完全一致，共比较 ${sentences(amount)}。`,
    mostSame: (same, all) =>
      `${number.format(all)} 句译文中有 ${number.format(same)} 句一致。两个词的可能性几乎相同时，舍入误差会影响取舍。`,
    fewSame: (name, same, all) =>
      `${number.format(all)} 句译文中只有 ${number.format(same)} 句一致：此 GPU${detail(name)}计算有误。今后将只使用处理器。`,
    text: "原文",
    brief: { processor: "处理器", gpu: "GPU", both: "处理器和 GPU" },
    cpuOnly: "全部翻译由处理器完成，不使用 GPU。",
    unknown: "首次翻译时会检测本设备可以使用什么。",
    faulty: (fault) => `全部翻译由处理器完成：${fault}。`,
    gpuActive: (name) => `GPU${detail(name)}会尽量承担翻译，其余由处理器完成。`,
    gpuPreparing: "正在准备 GPU。",
    notMeasured: "目前由处理器翻译。空闲时会对 GPU 测速一次。",
    cpuFaster: "全部翻译由处理器完成：测速显示，在本设备上它更快。",
    gpuFaster: (name) => `由 GPU${detail(name)}翻译：测速显示，在本设备上它更快。`,
    gpuFasterFrom: (name, least) =>
      `一次翻译 ${number.format(least)} 句及以上时使用 GPU${detail(name)}，更少时使用处理器：测速显示，这样在本设备上最快。`,
  },

  faults: {
    often: "显卡驱动多次出错",
    insecure: "页面不是通过 https 加载的",
    noWebGpu: "此浏览器不支持 WebGPU",
    noAdapter: "没有可用的图形处理器",
    software: "本设备的图形运算由处理器模拟",
    notAsked: "未请求使用",
    tookDown: "它导致翻译引擎意外退出",
    tooSmall: "图形处理器的能力不足",
    unsupported: "此模型无法在图形处理器上运行",
    compilation: "显卡驱动拒绝了程序",
    lost: "与图形处理器的连接中断",
    memory: "图形处理器内存不足",
  },
  faultDetails: (fault, details) => `${fault}（${details}）`,

  keyboard: {
    title: "键盘快捷键",
    translate: "立即翻译，或重试",
    stop: "停止翻译，或取消选中的词",
    words: "开启“词语对应”后，在译文的词语之间移动",
  },
};
