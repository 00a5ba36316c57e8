/** In the package the libraries come from whoever uses it; the site has copies of its own. */
import { attachSource as attach } from "../../../api_service/static/widget/sources.js";

/**
 * Resolve to a function that removes the source, once it is set; reject if this browser cannot play it.
 * @param {HTMLMediaElement} video
 * @param {string | {url: string, type?: string, expires?: string | number | Date}} source
 * @param {object} [options] refresh, hls, shaka, hlsConfig, shakaConfig
 * @returns {Promise<() => void>}
 */
export const attachSource = (video, source, options = {}) => attach(video, source, {
  hls: () => import("hls.js"), shaka: () => import("shaka-player"), ...options,
});
