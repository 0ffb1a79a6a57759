// Every shortcut of the desk, in one table: the handler, the help and the buttons read it.

import { singleKeys } from "./single-keys.js";
import { t } from "./words.js";

export const SHORTCUTS = [
  { act: "available", keys: "Alt+1", code: "Digit1", alt: true, text: "示闲，开始接听" },
  { act: "break", keys: "Alt+2", code: "Digit2", alt: true, text: "小休，选择原因" },
  { act: "sign", keys: "Alt+3", code: "Digit3", alt: true, text: "签入或签出" },
  { act: "pick_up", keys: "Alt+A", code: "KeyA", alt: true, text: "接听来电（网页话机）" },
  { act: "hang_up", keys: "Alt+X", code: "KeyX", alt: true, text: "挂机，或拒接来电" },
  { act: "hold", keys: "Alt+H", code: "KeyH", alt: true, text: "保持通话，或取消保持" },
  { act: "mute", keys: "Alt+M", code: "KeyM", alt: true, text: "静音，或取消静音（网页话机）" },
  { act: "keypad", keys: "Alt+K", code: "KeyK", alt: true, text: "打开或关闭拨号盘（网页话机）" },
  { act: "pause", keys: "Alt+P", code: "KeyP", alt: true, text: "暂停录音（需填原因），或恢复录音" },
  { act: "bring_in", keys: "Alt+T", code: "KeyT", alt: true, text: "打开通讯录：转接、咨询、三方通话" },
  { act: "emergency", keys: "Alt+E", code: "KeyE", alt: true, text: "紧急转接：110、119、120、122" },
  { act: "join", keys: "Alt+J", code: "KeyJ", alt: true, text: "咨询中：改为三方通话" },
  { act: "complete", keys: "Alt+Y", code: "KeyY", alt: true, text: "完成转接，或退出三方通话" },
  { act: "back", keys: "Alt+G", code: "KeyG", alt: true, text: "取消呼叫，或请对方退出并取回市民" },
  { act: "park", keys: "Alt+U", code: "KeyU", alt: true, text: "停泊来电，任何坐席都可取回" },
  { act: "parked", keys: "Alt+I", code: "KeyI", alt: true, text: "跳到停泊的来电" },
  { act: "wrap_up", keys: "Alt+W", code: "KeyW", alt: true, text: "话后小结：选择本次来电的结果" },
  { act: "new", keys: "Alt+N", code: "KeyN", alt: true, text: "新工单（通话中：本次来电的工单）" },
  { act: "subject", keys: "Alt+B", code: "KeyB", alt: true, text: "跳到标题" },
  { act: "category", keys: "Alt+C", code: "KeyC", alt: true, text: "跳到类别搜索" },
  { act: "address", keys: "Alt+O", code: "KeyO", alt: true, text: "跳到地点" },
  { act: "list", keys: "Alt+L", code: "KeyL", alt: true, text: "跳到待处理工单" },
  { act: "save", keys: "Ctrl+S", code: "KeyS", ctrl: true, text: "保存工单" },
  { act: "transfer", keys: "Ctrl+Enter", code: "Enter", ctrl: true, text: "保存并转办" },
  { act: "answer", keys: "Alt+R", code: "KeyR", alt: true, text: "直接答复" },
  { act: "help", keys: "?", key: "?", text: "快捷键说明" },
];

/** Returns the act that a key press asks for, or null. */
export function actOf(event) {
  if (event.isComposing) return null; // an input method is choosing a character
  const found = SHORTCUTS.find((each) =>
    each.key
      ? event.key === each.key && singleKeys() && !isTyping(event.target)
      : event.code === each.code &&
        !event.shiftKey &&
        event.altKey === Boolean(each.alt) &&
        (event.ctrlKey || event.metaKey) === Boolean(each.ctrl),
  );
  return found?.act ?? null;
}

/** Returns the keys of an act, to show beside its button. */
export function keysOf(act) {
  return SHORTCUTS.find((each) => each.act === act).keys;
}

/** Returns the keys of an act as aria-keyshortcuts names them. */
export function ariaKeys(act) {
  return keysOf(act).replace("Ctrl", "Control");
}

export function described() {
  return SHORTCUTS.map(({ keys, text }) => [keys, t(text)]);
}

function isTyping(target) {
  return target.matches?.("input, textarea, select, [contenteditable]");
}
